/* The kernel's own stamps of a packet (SO_TIMESTAMPING, software) on the cycle counter.
 *
 * The kernel stamps with CLOCK_REALTIME. A pair of that clock and the counter, read between two stamps of the counter,
 * ties one to the other; it is renewed when a loop has nothing else to do, so that no measured distance holds a reading
 * of the clock. Between two pairs the calibrated rate carries on. How wrong that may be is measured, not assumed: half
 * of the bracket, and what the pair before was off when the next one was read (the clock is slewed, or was set).
 *
 * Documentation/networking/timestamping.rst; linux/errqueue.h.
 */
#ifndef LLT_KERNEL_STAMPS_H
#define LLT_KERNEL_STAMPS_H

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "llt_arch.h"

#define LLT_STAMP_CONTROL 256 /* bytes of control messages that come with a packet */
#define LLT_STAMP_BRACKETS 3  /* the narrowest of so many is taken: one may hold an interrupt */

typedef struct {
    double ticks_per_ns;
    uint64_t renew_ticks;  /* age at which the pair is read anew */
    uint64_t anchor_ticks; /* 0: there is no pair yet */
    int64_t anchor_ns;
    uint64_t error_ticks; /* the largest that was seen */
} llt_stamp_clock;

static inline int64_t llt_realtime_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline uint64_t llt_stamp_to_ticks(const llt_stamp_clock *clock, int64_t stamp_ns) {
    return clock->anchor_ticks + (uint64_t)(int64_t)((double)(stamp_ns - clock->anchor_ns) * clock->ticks_per_ns);
}

static inline void llt_stamp_clock_read(llt_stamp_clock *clock) {
    uint64_t narrowest = UINT64_MAX, ticks = 0;
    int64_t now_ns = 0;
    for (int i = 0; i < LLT_STAMP_BRACKETS; i++) {
        uint64_t before = llt_ticks_start();
        int64_t read_ns = llt_realtime_ns();
        uint64_t width = llt_ticks_stop() - before;
        if (width < narrowest) {
            narrowest = width;
            ticks = before + width / 2;
            now_ns = read_ns;
        }
    }
    uint64_t error = (narrowest + 1) / 2;
    if (clock->anchor_ticks != 0) {
        int64_t off = (int64_t)(llt_stamp_to_ticks(clock, now_ns) - ticks);
        error += (uint64_t)(off < 0 ? -off : off);
    }
    clock->error_ticks = error > clock->error_ticks ? error : clock->error_ticks;
    clock->anchor_ticks = ticks;
    clock->anchor_ns = now_ns;
}

/* To be called where nothing is waited for. */
static inline void llt_stamp_clock_renew(llt_stamp_clock *clock) {
    if (llt_ticks() - clock->anchor_ticks > clock->renew_ticks) {
        llt_stamp_clock_read(clock);
    }
}

/* What came with a packet: the software stamp (the first of three), 0 without; of a transmit stamp also the number of
 * the send (SOF_TIMESTAMPING_OPT_ID). */
typedef struct {
    int64_t stamp_ns;
    uint32_t send;
} llt_kernel_stamp;

static inline llt_kernel_stamp llt_kernel_stamp_of(struct msghdr *header) {
    llt_kernel_stamp found = {0, 0};
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPING) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
            found.stamp_ns = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
        } else if (control->cmsg_level == SOL_IP && control->cmsg_type == IP_RECVERR) {
            struct sock_extended_err error;
            memcpy(&error, CMSG_DATA(control), sizeof error);
            found.send = error.ee_data;
        }
    }
    return found;
}

#endif
