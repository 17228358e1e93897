/* Packed messages in from a socket: a stream, or datagrams. The caller owns the file descriptor.
 *
 * What a read leaves of a message is kept in front of the next one. With SO_TIMESTAMPING on the socket each read brings
 * the kernel's receive stamp: of the datagram, or of the last segment of a stream that the read took from. What a read
 * of a stream holds before that segment came earlier, nobody says when.
 */
#ifndef LLT_FEED_SOCKET_H
#define LLT_FEED_SOCKET_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "llt_arch.h"
#include "llt_kernel_stamps.h"
#include "llt_message.h"

#define LLT_FEED_BUFFER (64 * 1024)
#define LLT_FEED_CLOSED (-1)

typedef struct {
    int fd;
    bool stream;  /* else each read is a datagram of whole messages */
    bool spin;    /* poll; else wait in the kernel */
    bool stamped; /* SO_TIMESTAMPING is on */
    size_t used, size; /* of the buffer: read and not yet taken out */
    uint64_t read_ticks;
    uint64_t received_ticks; /* the kernel's receive stamp of the last byte; 0: none */
    llt_stamp_clock clock;
    uint64_t reads, empty_reads, torn_datagrams, unstamped_reads;
    unsigned char buffer[LLT_FEED_BUFFER];
} llt_feed_socket;

static inline ssize_t llt_feed_read_stamped(llt_feed_socket *feed, size_t left) {
    _Alignas(struct cmsghdr) unsigned char control[LLT_STAMP_CONTROL];
    struct iovec part = {feed->buffer + left, LLT_FEED_BUFFER - left};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(feed->fd, &header, feed->spin ? MSG_DONTWAIT : 0);
    feed->read_ticks = llt_ticks();
    if (got > 0) {
        int64_t stamp_ns = llt_kernel_stamp_of(&header).stamp_ns;
        feed->received_ticks = stamp_ns == 0 ? 0 : llt_stamp_to_ticks(&feed->clock, stamp_ns);
        feed->unstamped_reads += stamp_ns == 0;
    }
    return got;
}

/* 0: there is something new, or nothing yet (`size` says). Else an errno, or LLT_FEED_CLOSED. */
static inline int llt_feed_read(llt_feed_socket *feed) {
    size_t left = feed->size - feed->used;
    if (left != 0) {
        memmove(feed->buffer, feed->buffer + feed->used, left);
    }
    feed->used = 0;
    feed->size = left;
    ssize_t got;
    if (feed->stamped) {
        got = llt_feed_read_stamped(feed, left);
    } else {
        got = recv(feed->fd, feed->buffer + left, LLT_FEED_BUFFER - left, feed->spin ? MSG_DONTWAIT : 0);
        feed->read_ticks = llt_ticks();
    }
    feed->reads++;
    if (__builtin_expect(got > 0, 1)) {
        feed->size += (size_t)got;
        return 0;
    }
    if (got == 0) {
        return LLT_FEED_CLOSED;
    }
    feed->empty_reads++;
    return errno == EAGAIN || errno == EINTR ? 0 : errno;
}

/* The next whole message, or NULL: read again. With `*bad` what follows is no message: the stream has lost its frames. */
static inline const unsigned char *llt_feed_next(llt_feed_socket *feed, int *bad) {
    llt_message_status status = llt_message_check(feed->buffer, feed->size, feed->used);
    if (__builtin_expect(status == LLT_MESSAGE_OK, 1)) {
        const unsigned char *message = feed->buffer + feed->used;
        feed->used += LLT_MESSAGE_SIZE;
        return message;
    }
    *bad = status == LLT_MESSAGE_UNKNOWN_TYPE;
    if (!feed->stream && feed->used != feed->size) {
        feed->torn_datagrams++; /* the next datagram does not continue this one */
        feed->used = feed->size;
        *bad = 0;
    }
    return NULL;
}

/* Where nothing is waited for. */
static inline void llt_feed_idle(llt_feed_socket *feed) {
    if (feed->stamped) {
        llt_stamp_clock_renew(&feed->clock);
    }
}

#endif
