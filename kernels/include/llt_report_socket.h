/* Reports of the exchange in from a stream socket, the same that orders leave by. The caller owns the descriptor.
 *
 * Reads never wait: they are made where the market gives nothing to do, and now and then where it does.
 */
#ifndef LLT_REPORT_SOCKET_H
#define LLT_REPORT_SOCKET_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "llt_report_message.h"

#define LLT_REPORT_BUFFER (128 * LLT_REPORT_MESSAGE_SIZE)

typedef struct {
    int fd; /* -1: nobody reports */
    size_t used, size; /* of the buffer: read and not yet taken out */
    uint64_t taken;
    unsigned char buffer[LLT_REPORT_BUFFER];
} llt_report_socket;

/* 0, whether or not something has come; else an errno: ECONNRESET at the end of the stream. */
static inline int llt_report_read(llt_report_socket *reports) {
    const size_t left = reports->size - reports->used;
    memmove(reports->buffer, reports->buffer + reports->used, left);
    reports->used = 0;
    reports->size = left;
    const ssize_t got = recv(reports->fd, reports->buffer + left, LLT_REPORT_BUFFER - left, MSG_DONTWAIT);
    if (got > 0) {
        reports->size += (size_t)got;
        return 0;
    }
    if (got == 0) {
        return ECONNRESET;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : errno;
}

typedef enum { LLT_REPORT_NONE, LLT_REPORT_TAKEN, LLT_REPORT_BAD } llt_report_outcome;

/* The next whole report of what was read. BAD: the stream has lost its frames. */
static inline llt_report_outcome llt_report_next(llt_report_socket *reports, llt_report *report) {
    if (reports->size - reports->used < LLT_REPORT_MESSAGE_SIZE) {
        return LLT_REPORT_NONE;
    }
    if (!llt_report_parse(reports->buffer + reports->used, report)) {
        return LLT_REPORT_BAD;
    }
    reports->used += LLT_REPORT_MESSAGE_SIZE;
    reports->taken++;
    return LLT_REPORT_TAKEN;
}

#endif
