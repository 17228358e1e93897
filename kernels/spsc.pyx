"""Bounded queue of fixed-size records between one producer and one consumer.

Layout and ordering: ``include/llt_spsc.h``. Chapter 5.3.2.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport SIZE_MAX, UINT64_MAX


@cython.final
cdef class SpscRing:
    """Ring of at least ``capacity`` records of ``record_size`` bytes each.

    The capacity is rounded up to a power of two, and every slot of it can be used. All memory is taken and touched
    here. At any time one thread may push and one other may pop; Python threads are kept apart by the GIL.

    Raises ValueError for a capacity or record size below 1, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, capacity, record_size):
        if capacity < 1:
            raise ValueError(f"capacity {capacity}: a ring holds at least 1 record")
        if record_size < 1:
            raise ValueError(f"record_size {record_size}: a record has at least 1 byte")
        if capacity <= UINT64_MAX and record_size <= SIZE_MAX:
            self.raw = llt_spsc_create(capacity, record_size, 0)
        if self.raw is NULL:
            raise MemoryError(f"no memory for a ring of {capacity} records of {record_size} bytes")

    def __dealloc__(self):
        llt_spsc_destroy(self.raw)

    def try_push(self, record):
        """Append a copy of ``record`` (bytes-like, ``record_size`` bytes); False when the ring is full.

        Raises ValueError for another size.
        """
        cdef Py_buffer view
        PyObject_GetBuffer(record, &view, PyBUF_SIMPLE)
        try:
            if <size_t>view.len != self.raw.record_size:
                raise ValueError(f"record of {view.len} bytes: this ring holds records of {self.raw.record_size}")
            return llt_spsc_try_push(self.raw, view.buf)
        finally:
            PyBuffer_Release(&view)

    def try_pop(self):
        """Remove the oldest record and return a copy of it; None when the ring is empty."""
        cdef const void *slot = llt_spsc_peek(self.raw)
        if slot is NULL:
            return None
        record = PyBytes_FromStringAndSize(<const char *>slot, <Py_ssize_t>self.raw.record_size)
        llt_spsc_release(self.raw)
        return record

    def __len__(self):
        return llt_spsc_length(self.raw)

    @property
    def capacity(self):
        """Records that fit: the requested capacity, rounded up to a power of two."""
        return llt_spsc_capacity(self.raw)

    @property
    def record_size(self):
        """Bytes of one record."""
        return self.raw.record_size

    @property
    def is_empty(self):
        """Whether there was nothing to pop at the moment of asking."""
        return llt_spsc_length(self.raw) == 0

    @property
    def is_full(self):
        """Whether there was no room to push at the moment of asking."""
        return llt_spsc_length(self.raw) == llt_spsc_capacity(self.raw)
