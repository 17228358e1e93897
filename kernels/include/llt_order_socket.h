/* Orders out by a socket: one send an order. The caller owns the file descriptor.
 *
 * A stream that takes less than the whole order is a connection that cannot be traded on, and an error.
 *
 * With SO_TIMESTAMPING on the socket (software, OPT_ID, OPT_TSONLY) the kernel puts a transmit stamp for each send into
 * the socket's error queue. It is fetched where nothing is waited for, and finds its send by number: with OPT_ID the
 * kernel counts the bytes of a stream and names the last one of a send, or counts datagrams. A send whose stamp never
 * comes (the kernel joined it with the next, or had no memory) is passed over and counted.
 */
#ifndef LLT_ORDER_SOCKET_H
#define LLT_ORDER_SOCKET_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "llt_arch.h"
#include "llt_kernel_stamps.h"

#define LLT_SENDS_WAITING 1024 /* for their stamp; a power of two */

typedef struct {
    uint64_t called;   /* when the send was called */
    uint64_t received; /* the kernel's receive stamp of what caused it; 0: none */
    uint32_t number;   /* what the kernel calls it */
} llt_send;

typedef struct {
    int fd;
    bool stream;
    bool stamped; /* SO_TIMESTAMPING is on, with OPT_ID since nothing was sent */
    uint32_t next_number;
    uint64_t in, out; /* of `waiting` */
    uint64_t unstamped; /* sends whose stamp did not come */
    llt_stamp_clock clock;
    llt_send waiting[LLT_SENDS_WAITING];
} llt_order_socket;

/* 0 or an errno. EMSGSIZE: the stream took a part. */
static inline int llt_order_socket_send(llt_order_socket *out, const unsigned char *text, size_t size) {
    ssize_t sent;
    do {
        sent = send(out->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (__builtin_expect(sent == (ssize_t)size, 1)) {
        return 0;
    }
    return sent < 0 ? errno : EMSGSIZE;
}

/* Behind a send of `size` bytes: its stamp is waited for. */
static inline void llt_order_socket_expect(llt_order_socket *out, size_t size, uint64_t called, uint64_t received) {
    out->next_number += out->stream ? (uint32_t)size : 1;
    if (out->in - out->out == LLT_SENDS_WAITING) {
        out->unstamped++; /* the kernel keeps the older stamps too when its queue is full */
        return;
    }
    out->waiting[out->in++ & (LLT_SENDS_WAITING - 1)] = (llt_send){called, received, out->next_number - 1};
}

typedef enum {
    LLT_STAMP_NONE,   /* no stamp is there */
    LLT_STAMP_PASSED, /* one of a send that was passed over */
    LLT_STAMP_FOUND
} llt_stamp_outcome;

/* Fetches one stamp. FOUND: `*which` is its send and `*stamp_ticks` when the kernel let it go. */
static inline llt_stamp_outcome llt_order_socket_stamp(llt_order_socket *out, llt_send *which,
                                                       uint64_t *stamp_ticks) {
    _Alignas(struct cmsghdr) unsigned char control[LLT_STAMP_CONTROL];
    struct msghdr header = {.msg_control = control, .msg_controllen = sizeof control};
    if (out->in == out->out || recvmsg(out->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
        return LLT_STAMP_NONE;
    }
    llt_kernel_stamp found = llt_kernel_stamp_of(&header);
    while (found.stamp_ns != 0 && out->in != out->out) {
        *which = out->waiting[out->out & (LLT_SENDS_WAITING - 1)];
        int32_t ahead = (int32_t)(found.send - which->number);
        if (ahead < 0) {
            break;
        }
        out->out++;
        if (ahead == 0) {
            *stamp_ticks = llt_stamp_to_ticks(&out->clock, found.stamp_ns);
            return LLT_STAMP_FOUND;
        }
        out->unstamped++;
    }
    return LLT_STAMP_PASSED;
}

#endif
