"""The two ends of the pipeline's wire: a market that sends packed messages, and the plain C echo beside it.

All poll and run without the GIL, each in a thread of its own. The callers own the file descriptors.
"""

from libc.errno cimport EAGAIN, ECONNRESET, EINTR, errno
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

from lltool.kernels.arch cimport llt_ticks
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

import os

cdef extern from "<sys/socket.h>" nogil:
    enum:
        MSG_DONTWAIT
        MSG_NOSIGNAL
    ssize_t send(int fd, const void *buffer, size_t size, int flags)
    ssize_t recv(int fd, void *buffer, size_t size, int flags)

cdef extern from "<sched.h>" nogil:
    int sched_yield()

cdef enum:
    MESSAGE = 29
    ORDER = 32
    MOST_AT_ONCE = 512
    MOST_IN_DATAGRAM = 48  # fits a frame of 1500 bytes
    DRAIN = 4096
    CLOSED = -1


# These give 0, an errno, or CLOSED.

cdef int _send(int fd, const unsigned char *text, size_t size) noexcept nogil:
    cdef size_t done = 0
    cdef ssize_t got
    while done < size:
        got = send(fd, text + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT)
        if got >= 0:
            done += got
        elif errno != EINTR and errno != EAGAIN:
            return errno
    return 0


cdef int _receive(int fd, unsigned char *text, size_t size) noexcept nogil:
    cdef size_t done = 0
    cdef ssize_t got
    while done < size:
        got = recv(fd, text + done, size - done, MSG_DONTWAIT)
        if got > 0:
            done += got
        elif got == 0:
            return ECONNRESET if done else CLOSED
        elif errno != EINTR and errno != EAGAIN:
            return errno
    return 0


cdef int _send_scheduled(
        int fd, int orders_fd, const unsigned char *messages, const uint64_t *intended, size_t count,
        size_t at_once, bint yields) noexcept nogil:
    cdef unsigned char[DRAIN] orders
    cdef size_t done = 0, due
    cdef uint64_t now
    cdef int code
    while done < count:
        recv(orders_fd, orders, DRAIN, MSG_DONTWAIT)
        now = llt_ticks()
        due = done
        while due < count and due - done < at_once and intended[due] <= now:
            due += 1
        if due == done:
            if yields:
                sched_yield()
            continue
        code = _send(fd, messages + done * MESSAGE, (due - done) * MESSAGE)
        if code != 0:
            return code
        done = due
    return 0


cdef int _round_trips(
        int fd, int orders_fd, const unsigned char *messages, size_t count, llt_recorder *recorder) noexcept nogil:
    cdef unsigned char[ORDER] order
    cdef uint64_t start
    cdef size_t at
    cdef int code
    for at in range(count):
        start = llt_ticks()
        code = _send(fd, messages + at * MESSAGE, MESSAGE)
        if code == 0:
            code = _receive(orders_fd, order, ORDER)
        if code != 0:
            return ECONNRESET if code == CLOSED else code
        llt_record(recorder, llt_ticks() - start)
    return 0


cdef int _echo(int fd, int orders_fd, size_t count) noexcept nogil:
    cdef unsigned char[MESSAGE + ORDER] message
    cdef size_t _
    cdef int code
    for _ in range(count):
        code = _receive(fd, message, MESSAGE)
        if code == 0:
            code = _send(orders_fd, message, ORDER)
        if code != 0:
            return code
    return 0


cdef object _check(int code):
    if code == CLOSED:
        raise ConnectionResetError(ECONNRESET, "the peer closed the connection")
    if code != 0:
        raise OSError(code, os.strerror(code))


def send_scheduled(int fd, int orders_fd, messages, intended, *, bint datagrams=False, bint yields=False):
    """Send packed ``messages`` at ``intended`` ticks (``array('Q')``), all that are due in one call, and drain orders.

    A sender that comes late does not move the schedule. ``datagrams``: at most 48 messages a call. ``yields``: another
    thread shares this core, and runs while nothing is due. Raises OSError, ValueError for another number of ticks than
    of messages.
    """
    cdef Py_buffer text, ticks
    cdef int code
    cdef size_t count
    PyObject_GetBuffer(messages, &text, PyBUF_SIMPLE)
    PyObject_GetBuffer(intended, &ticks, PyBUF_SIMPLE)
    try:
        count = text.len // MESSAGE
        if text.len % MESSAGE or ticks.len != <Py_ssize_t>(count * sizeof(uint64_t)):
            raise ValueError(f"{ticks.len // sizeof(uint64_t)} ticks for {text.len} bytes of messages of {MESSAGE}")
        with nogil:
            code = _send_scheduled(
                fd, orders_fd, <const unsigned char *>text.buf, <const uint64_t *>ticks.buf, count,
                MOST_IN_DATAGRAM if datagrams else MOST_AT_ONCE, yields)
    finally:
        PyBuffer_Release(&text)
        PyBuffer_Release(&ticks)
    _check(code)


def round_trips(int fd, int orders_fd, messages, Recorder recorder):
    """Send each packed message and wait for the 32 bytes of its order; record the ticks of each. Raises OSError."""
    cdef Py_buffer text
    cdef llt_recorder *raw = recorder.raw
    cdef int code
    PyObject_GetBuffer(messages, &text, PyBUF_SIMPLE)
    with nogil:
        code = _round_trips(fd, orders_fd, <const unsigned char *>text.buf, text.len // MESSAGE, raw)
    PyBuffer_Release(&text)
    _check(code)


def echo(int fd, int orders_fd, size_t count):
    """Answer ``count`` messages with as many bytes as an order has, and do nothing else. Raises OSError."""
    cdef int code
    with nogil:
        code = _echo(fd, orders_fd, count)
    _check(code)
