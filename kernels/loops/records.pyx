"""Decoding records of a declared layout one at a time, over a buffer of many."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from lltool.kernels.arch cimport llt_keep
from lltool.kernels.codec cimport Layout, llt_codec_check, llt_codec_decode, llt_codec_layout
from lltool.kernels.loops.loop cimport Cycle, take_turns
from lltool.kernels.recorder cimport llt_recorder


cdef struct Wire:
    const llt_codec_layout *layout
    const unsigned char *records
    unsigned char *host


cdef bint _record(void *things, size_t at) noexcept nogil:
    cdef Wire *wire = <Wire *>things
    cdef const unsigned char *record = wire.records + at * wire.layout.wire_size
    if llt_codec_check(wire.layout, record) != wire.layout.expectation_count:
        return False
    llt_codec_decode(wire.layout, record, wire.host, 1)
    llt_keep(wire.host[0])
    return True


cdef size_t _records(
        void *things, size_t length, size_t *position, llt_recorder *recorder, size_t count,
        uint64_t *ticks) noexcept nogil:
    return take_turns(_record, things, length, position, recorder, count, ticks)


@cython.final
cdef class Records(Cycle):
    """The records of ``wire`` in ``layout``, decoded in turn without end into one of the host's.

    Raises ValueError when ``wire`` is not one whole record at least, MemoryError.
    """

    cdef Layout layout
    cdef bytes owner
    cdef Wire wire

    def __cinit__(self, Layout layout not None, bytes wire not None):
        self.layout = layout
        self.owner = wire
        self.turns = _records
        self.things = &self.wire
        self.wire.layout = &layout.raw
        self.wire.records = <const unsigned char *>PyBytes_AS_STRING(wire)
        self.length = <size_t>PyBytes_GET_SIZE(wire) // layout.raw.wire_size
        if self.length == 0 or self.length * layout.raw.wire_size != <size_t>PyBytes_GET_SIZE(wire):
            raise ValueError(f"{len(wire)} bytes: records of {layout.size} are wanted, at least one")
        self.wire.host = <unsigned char *>malloc(layout.raw.host_size)
        if self.wire.host is NULL:
            raise MemoryError(f"no memory for a record of {layout.raw.host_size} bytes")

    def __dealloc__(self):
        free(self.wire.host)
