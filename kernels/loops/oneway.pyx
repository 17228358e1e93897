"""Messages one way over a socket, sent on a fixed schedule, with the stamp that the kernel put on each at reception.

Both ends stamp with the same tick counter. A message carries the tick at which it was meant to leave, so that a sender
that comes late adds to the latency of the message and not to the schedule.
"""

from libc.errno cimport ECONNRESET, EINTR, errno
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memset
from posix.time cimport timespec

from lltool.kernels.arch cimport llt_ticks_start
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

import os

cdef extern from "<sys/uio.h>" nogil:
    struct iovec:
        void *iov_base
        size_t iov_len

cdef extern from "<sys/socket.h>" nogil:
    enum:
        MSG_NOSIGNAL
        SOL_SOCKET
    struct msghdr:
        iovec *msg_iov
        size_t msg_iovlen
        void *msg_control
        size_t msg_controllen
    struct cmsghdr:
        int cmsg_level
        int cmsg_type
    cmsghdr *CMSG_FIRSTHDR(msghdr *message)
    cmsghdr *CMSG_NXTHDR(msghdr *message, cmsghdr *control)
    unsigned char *CMSG_DATA(cmsghdr *control)
    ssize_t send(int fd, const void *buffer, size_t size, int flags)
    ssize_t recvmsg(int fd, msghdr *message, int flags)

cdef extern from "<asm/socket.h>" nogil:
    enum:
        SCM_TIMESTAMPING

cdef enum:
    MESSAGE = 64
    CONTROL = 256
    NANOSECONDS = 1000000000


cdef int _send(int fd, size_t n, uint64_t period) noexcept nogil:
    cdef unsigned char[MESSAGE] message
    cdef uint64_t intended = llt_ticks_start() + 2 * period
    cdef size_t _index
    cdef ssize_t sent
    memset(message, 0, MESSAGE)
    for _index in range(n):
        memcpy(message, &intended, sizeof(intended))
        while llt_ticks_start() < intended:
            pass
        sent = -1
        while sent < 0:
            sent = send(fd, message, MESSAGE, MSG_NOSIGNAL)
            if sent < 0 and errno != EINTR:
                return errno
        intended += period
    return 0


cdef int64_t _stamp_ns(msghdr *header) noexcept nogil:
    # scm_timestamping: three timespecs, the first is the software stamp (linux/errqueue.h). 0: none came.
    cdef cmsghdr *control = CMSG_FIRSTHDR(header)
    cdef timespec stamp
    while control is not NULL:
        if control.cmsg_level == SOL_SOCKET and control.cmsg_type == SCM_TIMESTAMPING:
            memcpy(&stamp, CMSG_DATA(control), sizeof(stamp))
            return <int64_t>stamp.tv_sec * NANOSECONDS + stamp.tv_nsec
        control = CMSG_NXTHDR(header, control)
    return 0


# Stops at the end of the stream: a datagram may be lost, and nobody would wait for it for ever.
cdef int _receive(
        int fd, size_t n, llt_recorder *intended, llt_recorder *received, llt_recorder *stamped) noexcept nogil:
    cdef unsigned char[MESSAGE] message
    cdef unsigned char[CONTROL] control
    cdef iovec part
    cdef msghdr header
    cdef uint64_t meant
    cdef size_t _index, got
    cdef ssize_t came
    for _index in range(n):
        got = 0
        while got < MESSAGE:
            part.iov_base = message + got
            part.iov_len = MESSAGE - got
            memset(&header, 0, sizeof(header))
            header.msg_iov = &part
            header.msg_iovlen = 1
            header.msg_control = control
            header.msg_controllen = CONTROL
            came = recvmsg(fd, &header, 0)
            if came > 0:
                got += came
            elif came == 0:
                return ECONNRESET if got else 0
            elif errno != EINTR:
                return errno
        llt_record(received, llt_ticks_start())
        memcpy(&meant, message, sizeof(meant))
        llt_record(intended, meant)
        llt_record(stamped, <uint64_t>_stamp_ns(&header))
    return 0


cdef object _failure(int code):
    if code == ECONNRESET:
        return ConnectionResetError(code, "the sender closed within a message")
    return OSError(code, os.strerror(code))


def send_scheduled(int fd, size_t n, uint64_t period_ticks):
    """Send ``n`` messages of 64 bytes, ``period_ticks`` apart, spinning in between. Raises OSError as ``send``."""
    cdef int code
    with nogil:
        code = _send(fd, n, period_ticks)
    if code != 0:
        raise _failure(code)


def receive_stamped(int fd, size_t n, Recorder intended, Recorder received, Recorder stamped):
    """Receive messages until ``n`` came or the socket was shut down.

    Records for each the tick it was meant to leave, the tick it was there, and the kernel's stamp in nanoseconds of
    CLOCK_REALTIME, 0 where the kernel put none. Raises OSError as ``recvmsg`` gives it, ConnectionResetError where the
    other end closes within a message.
    """
    cdef llt_recorder *raw_intended = intended.raw
    cdef llt_recorder *raw_received = received.raw
    cdef llt_recorder *raw_stamped = stamped.raw
    cdef int code
    with nogil:
        code = _receive(fd, n, raw_intended, raw_received, raw_stamped)
    if code != 0:
        raise _failure(code)
