"""Single reads of a file at given places, each timed on its own."""

from libc.errno cimport EINTR, EIO, errno
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t

from lltool.kernels.arch cimport llt_ticks_start, llt_ticks_stop
from lltool.kernels.memory cimport Mapping
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

import os

cdef extern from "<unistd.h>" nogil:
    ssize_t pread(int fd, void *buffer, size_t size, int64_t offset)


# Gives 0 or an errno. A signal may end a read before it has begun; the time until then stays in the sample.
cdef int _read(int fd, char *buffer, size_t size, int64_t offset) noexcept nogil:
    cdef ssize_t got = -1
    while got < 0:
        got = pread(fd, buffer, size, offset)
        if got < 0 and errno != EINTR:
            return errno
    return 0 if <size_t>got == size else EIO


cdef int _each(
        int fd, char *buffer, size_t size, const int64_t[::1] offsets, llt_recorder *recorder) noexcept nogil:
    cdef uint64_t start
    cdef Py_ssize_t index
    cdef int code
    for index in range(offsets.shape[0]):
        start = llt_ticks_start()
        code = _read(fd, buffer, size, offsets[index])
        if code != 0:
            return code
        llt_record(recorder, llt_ticks_stop() - start)
    return 0


def read_each(int fd, Mapping buffer not None, size_t size, const int64_t[::1] offsets, Recorder recorder):
    """Read ``size`` bytes at each of ``offsets`` into ``buffer`` and record the ticks of each.

    Raises ValueError where ``buffer`` is smaller, OSError as ``pread`` gives it and EIO for a read that ends early.
    """
    cdef llt_recorder *raw = recorder.raw
    cdef int code
    if size > buffer.size:
        raise ValueError(f"{size} bytes do not fit the buffer of {buffer.size}")
    with nogil:
        code = _each(fd, buffer.address, size, offsets, raw)
    if code != 0:
        raise OSError(code, os.strerror(code), "pread")
