"""Entering and leaving the kernel: the cheapest system call, and a page fault."""

from cpython.exc cimport PyErr_SetFromErrno
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.memory cimport Mapping
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef extern from "<unistd.h>" nogil:
    long syscall(long number, ...)

cdef extern from "<sys/syscall.h>" nogil:
    enum:
        SYS_getppid

cdef extern from "<sys/mman.h>" nogil:
    enum:
        MADV_DONTNEED
    int madvise(void *address, size_t length, int advice)
    int munlock(const void *address, size_t length)

cdef enum:
    PAGE = 4096


# getppid: no argument to check, nothing to copy, no cache in libc, and no vDSO answers it.

cdef uint64_t _call_block(size_t calls) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t _call
    for _call in range(calls):
        llt_keep(<uint64_t>syscall(SYS_getppid))
    return llt_ticks_stop() - start


cdef void _call_each(llt_recorder *recorder, size_t n) noexcept nogil:
    cdef uint64_t start
    cdef size_t _call
    for _call in range(n):
        start = llt_ticks_start()
        llt_keep(<uint64_t>syscall(SYS_getppid))
        llt_record(recorder, llt_ticks_stop() - start)


cdef uint64_t _touch_block(char *address, size_t pages) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t page
    for page in range(pages):
        address[page * PAGE] = 1
    return llt_ticks_stop() - start


cdef void _touch_each(char *address, llt_recorder *recorder, size_t pages) noexcept nogil:
    cdef uint64_t start
    cdef size_t page
    for page in range(pages):
        start = llt_ticks_start()
        address[page * PAGE] = 1
        llt_record(recorder, llt_ticks_stop() - start)


def call_block(size_t calls):
    """Call ``getppid`` so many times in one stretch; returns its length in ticks."""
    cdef uint64_t ticks
    with nogil:
        ticks = _call_block(calls)
    return ticks


def call_each(Recorder recorder, size_t n):
    """``n`` samples: single calls of ``getppid`` between two stamps."""
    cdef llt_recorder *raw = recorder.raw
    with nogil:
        _call_each(raw, n)


@cython.final
cdef class Faults:
    """The 4 kB pages of ``mapping``, given back to the kernel before they are touched again.

    The mapping is unlocked for it (a locked page is never given back) and belongs to this object from then on.
    """

    cdef Mapping mapping

    def __cinit__(self, Mapping mapping not None):
        if mapping.asked_for != "4k":
            raise ValueError(f"the mapping has pages of kind {mapping.asked_for!r}, not '4k'")
        if munlock(mapping.address, mapping.size) != 0:
            PyErr_SetFromErrno(OSError)
        self.mapping = mapping

    @property
    def pages(self):
        """How many pages there are to touch between two calls of :meth:`give_back`."""
        return self.mapping.size // PAGE

    def give_back(self):
        """Give all pages back: the next touch of each is a fault. Raises OSError as ``madvise`` gives it."""
        if madvise(self.mapping.address, self.mapping.size, MADV_DONTNEED) != 0:
            PyErr_SetFromErrno(OSError)

    def block(self, size_t pages):
        """Touch the first ``pages`` in one stretch; returns its length in ticks. ValueError beyond the mapping."""
        cdef char *address = self._room(pages)
        cdef uint64_t ticks
        with nogil:
            ticks = _touch_block(address, pages)
        return ticks

    def each(self, Recorder recorder, size_t pages):
        """Touch the first ``pages`` and record the ticks of each. ValueError beyond the mapping."""
        cdef char *address = self._room(pages)
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            _touch_each(address, raw, pages)

    cdef char *_room(self, size_t pages) except NULL:
        if pages > self.mapping.size // PAGE:
            raise ValueError(f"{pages} pages are more than the mapping has")
        return self.mapping.address
