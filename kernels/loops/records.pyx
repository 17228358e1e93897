"""Decoding records of a declared layout one at a time, over a buffer of many."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.codec cimport Layout, llt_codec_check, llt_codec_decode
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder


@cython.final
cdef class Records:
    """The records of ``wire`` in ``layout``, decoded in turn without end into one of the host's.

    Raises ValueError when ``wire`` is not one whole record at least, MemoryError.
    """

    cdef Layout layout
    cdef bytes owner
    cdef const unsigned char *wire
    cdef unsigned char *host
    cdef size_t length
    cdef size_t position

    def __cinit__(self, Layout layout not None, bytes wire not None):
        self.layout = layout
        self.owner = wire
        self.wire = <const unsigned char *>PyBytes_AS_STRING(wire)
        self.length = <size_t>PyBytes_GET_SIZE(wire) // layout.raw.wire_size
        if self.length == 0 or self.length * layout.raw.wire_size != <size_t>PyBytes_GET_SIZE(wire):
            raise ValueError(f"{len(wire)} bytes: records of {layout.size} are wanted, at least one")
        self.host = <unsigned char *>malloc(layout.raw.host_size)
        if self.host is NULL:
            raise MemoryError(f"no memory for a record of {layout.raw.host_size} bytes")

    def __dealloc__(self):
        free(self.host)

    def __len__(self):
        return self.length

    cdef inline bint decode(self, size_t at) noexcept nogil:
        cdef const unsigned char *record = self.wire + at * self.layout.raw.wire_size
        if llt_codec_check(&self.layout.raw, record) != self.layout.raw.expectation_count:
            return False
        llt_codec_decode(&self.layout.raw, record, self.host, 1)
        llt_keep(self.host[0])
        return True

    def block(self, size_t count):
        """Decode the next ``count`` in one stretch: ``(ticks, good records)``."""
        cdef uint64_t start, stop
        cdef size_t _, good = 0, at = self.position
        with nogil:
            start = llt_ticks_start()
            for _ in range(count):
                good += self.decode(at)
                at = at + 1 if at + 1 < self.length else 0
            stop = llt_ticks_stop()
        self.position = at
        return stop - start, good

    def each(self, Recorder recorder, size_t count):
        """Decode the next ``count`` and record the ticks of each; returns how many were good."""
        cdef llt_recorder *raw = recorder.raw
        cdef uint64_t start
        cdef size_t _, good = 0, at = self.position
        with nogil:
            for _ in range(count):
                start = llt_ticks_start()
                good += self.decode(at)
                llt_record(raw, llt_ticks_stop() - start)
                at = at + 1 if at + 1 < self.length else 0
        self.position = at
        return good
