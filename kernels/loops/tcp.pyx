"""Round trips of one message over a connected stream socket.

The callers own the file descriptors. A call that a signal interrupts goes on; the Python handler runs when the loop
returns, which it does as long as the peer answers or closes.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.errno cimport ECONNRESET, EINTR, errno
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.string cimport memset

from lltool.kernels.loops.loop cimport repeat_while_good
from lltool.kernels.recorder cimport Recorder, llt_recorder

import os

cdef extern from "<sys/socket.h>" nogil:
    enum:
        MSG_NOSIGNAL
    ssize_t send(int fd, const void *buffer, size_t size, int flags)
    ssize_t recv(int fd, void *buffer, size_t size, int flags)
    int setsockopt(int fd, int level, int option, const void *value, unsigned int size)

cdef extern from "<netinet/in.h>" nogil:
    enum:
        IPPROTO_TCP

cdef extern from "<netinet/tcp.h>" nogil:
    enum:
        TCP_QUICKACK

cdef enum:
    CLOSED = -1  # the peer closed between two messages

ctypedef struct Channel:
    int fd
    bint quickack
    size_t size
    unsigned char *message


# These give 0, an errno, or CLOSED.

cdef int _send(const Channel *channel) noexcept nogil:
    cdef size_t sent = 0
    cdef ssize_t got
    while sent < channel.size:
        got = send(channel.fd, channel.message + sent, channel.size - sent, MSG_NOSIGNAL)
        if got >= 0:
            sent += got
        elif errno != EINTR:
            return errno
    return 0


cdef int _receive(const Channel *channel) noexcept nogil:
    cdef size_t received = 0
    cdef ssize_t got
    cdef int on = 1
    while received < channel.size:
        got = recv(channel.fd, channel.message + received, channel.size - received, 0)
        if got > 0:
            received += got
            # The kernel leaves quick acknowledgement by itself: it holds for this receive, not for the connection.
            if channel.quickack and setsockopt(channel.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)) != 0:
                return errno
        elif got == 0:
            return ECONNRESET if received else CLOSED
        elif errno != EINTR:
            return errno
    return 0


cdef int _round_trip(void *things) noexcept nogil:
    cdef const Channel *channel = <const Channel *>things
    cdef int code = _send(channel)
    if code == 0:
        code = _receive(channel)
    return ECONNRESET if code == CLOSED else code


cdef int _echo(const Channel *channel) noexcept nogil:
    cdef int code = 0
    while code == 0:
        code = _receive(channel)
        if code == 0:
            code = _send(channel)
    return code


cdef Channel _open(int fd, size_t message_size, bint quickack) except *:
    if message_size < 1:
        raise ValueError(f"message_size {message_size}: a message has at least 1 byte")
    cdef Channel channel = Channel(fd, quickack, message_size, <unsigned char *>PyMem_Malloc(message_size))
    if channel.message is NULL:
        raise MemoryError(f"no memory for a message of {message_size} bytes")
    memset(channel.message, 0, message_size)
    return channel


cdef object _failure(int code):
    if code == ECONNRESET:
        return ConnectionResetError(code, "the peer closed the connection before it had answered")
    return OSError(code, os.strerror(code))


def echo(int fd, size_t message_size, *, bint quickack=False):
    """Send every message back until the other end closes; runs without the GIL, in a thread pinned elsewhere.

    Raises OSError as the system calls give it, ConnectionResetError when the end comes within a message.
    """
    cdef Channel channel = _open(fd, message_size, quickack)
    cdef int code
    with nogil:
        code = _echo(&channel)
    PyMem_Free(channel.message)
    if code != CLOSED:
        raise _failure(code)


def block(int fd, size_t message_size, size_t round_trips, *, bint quickack=False):
    """Make ``round_trips`` in one stretch; returns their length in ticks. Raises OSError, also when the peer closes."""
    cdef Channel channel = _open(fd, message_size, quickack)
    cdef uint64_t ticks = 0
    cdef int code
    with nogil:
        code = repeat_while_good(_round_trip, &channel, NULL, round_trips, &ticks)
    PyMem_Free(channel.message)
    if code != 0:
        raise _failure(code)
    return ticks


def each(int fd, size_t message_size, Recorder recorder, size_t round_trips, *, bint quickack=False):
    """Make ``round_trips`` and record the ticks of each. Raises OSError, also when the peer closes."""
    cdef Channel channel = _open(fd, message_size, quickack)
    cdef llt_recorder *raw = recorder.raw
    cdef int code
    with nogil:
        code = repeat_while_good(_round_trip, &channel, raw, round_trips, NULL)
    PyMem_Free(channel.message)
    if code != 0:
        raise _failure(code)
