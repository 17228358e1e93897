/* The two sockets of the pipeline: packed messages in, orders out. The callers own the file descriptors.
 *
 * In: a stream or datagrams; what a read leaves of a message is kept in front of the next one. Out: one send an order;
 * a stream that takes less than the whole order is a connection that cannot be traded on, and an error.
 * With SO_TIMESTAMPING on a socket the kernel's software stamps come with the data (receive) and over the error queue
 * (transmit). They are of CLOCK_REALTIME, so that clock is read beside the counter: both ends of a distance are then
 * read from one clock, and nothing has to be converted but its length.
 */
#ifndef LLT_FEED_SOCKET_H
#define LLT_FEED_SOCKET_H

#include <asm/socket.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "llt_arch.h"
#include "llt_message.h"

#define LLT_FEED_BUFFER (64 * 1024)
#define LLT_FEED_CONTROL 256
#define LLT_FEED_CLOSED (-1)

typedef struct {
    int fd;
    bool stream;  /* else each read is a datagram of whole messages */
    bool spin;    /* poll; else wait in the kernel */
    bool stamped; /* SO_TIMESTAMPING is on */
    size_t used, size; /* of the buffer: read and not yet taken out */
    uint64_t read_ticks;
    int64_t read_ns;   /* CLOCK_REALTIME at the read, only with a stamp */
    int64_t kernel_ns; /* the kernel's receive stamp of the last byte; 0: none */
    uint64_t reads, empty_reads, torn_datagrams;
    unsigned char buffer[LLT_FEED_BUFFER];
} llt_feed_socket;

static inline int64_t llt_realtime_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The software stamp among the control messages (linux/errqueue.h: the first of three); 0: none came. */
static inline int64_t llt_stamp_ns(struct msghdr *header) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPING) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
            return (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
        }
    }
    return 0;
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
        unsigned char control[LLT_FEED_CONTROL];
        struct iovec part = {feed->buffer + left, LLT_FEED_BUFFER - left};
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                                .msg_controllen = sizeof control};
        got = recvmsg(feed->fd, &header, feed->spin ? MSG_DONTWAIT : 0);
        feed->read_ticks = llt_ticks();
        feed->kernel_ns = got > 0 ? llt_stamp_ns(&header) : 0;
        feed->read_ns = feed->kernel_ns != 0 ? llt_realtime_ns() : 0;
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

/* 0 or an errno. EMSGSIZE: the stream took a part. */
static inline int llt_send_whole(int fd, const unsigned char *text, size_t size) {
    ssize_t sent;
    do {
        sent = send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (__builtin_expect(sent == (ssize_t)size, 1)) {
        return 0;
    }
    return sent < 0 ? errno : EMSGSIZE;
}

/* The transmit stamp of what was sent last; 0 when the kernel has put none into the error queue (yet). */
static inline int64_t llt_transmit_ns(int fd) {
    unsigned char control[LLT_FEED_CONTROL];
    int64_t last = 0;
    while (true) {
        struct msghdr header = {.msg_control = control, .msg_controllen = sizeof control};
        if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            return last;
        }
        int64_t stamp = llt_stamp_ns(&header);
        last = stamp != 0 ? stamp : last;
    }
}

#endif
