"""Sequence lock: one writer publishes a small payload, readers copy it without writing anything shared.

Layout and ordering: ``include/llt_seqlock.h``. Chapter 5.3.4.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.errno cimport EAGAIN
from libc.stdint cimport SIZE_MAX, UINT64_MAX


@cython.final
cdef class Seqlock:
    """A payload of ``payload_size`` bytes, zeros at first, that one thread writes and any number read.

    Up to 56 bytes share one 64-byte line with the sequence. Python threads that write are kept apart by the GIL.

    Raises ValueError for a payload size below 1, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, payload_size):
        if payload_size < 1:
            raise ValueError(f"payload_size {payload_size}: a payload has at least 1 byte")
        if payload_size <= SIZE_MAX:
            self.raw = llt_seqlock_create(payload_size)
        if self.raw is NULL:
            raise MemoryError(f"no memory for a payload of {payload_size} bytes")
        self.size = payload_size

    def __dealloc__(self):
        llt_seqlock_destroy(self.raw)

    @property
    def payload_size(self):
        """Bytes of the payload."""
        return self.size

    def write(self, payload):
        """Publish ``payload`` (bytes-like, ``payload_size`` bytes). Raises ValueError for another size."""
        cdef Py_buffer view
        PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
        try:
            if <size_t>view.len != self.size:
                raise ValueError(f"payload of {view.len} bytes: this lock holds {self.size}")
            llt_seqlock_write(self.raw, view.buf, self.size)
        finally:
            PyBuffer_Release(&view)

    def try_read(self):
        """Return a copy of the payload, or None when a write was in progress or came between."""
        payload = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>self.size)
        if llt_seqlock_try_read(self.raw, PyBytes_AS_STRING(payload), self.size):
            return payload
        return None

    def read(self, max_tries=1000):
        """Return a copy of the payload after at most ``max_tries`` attempts.

        Raises BlockingIOError when every attempt met a write, ValueError for ``max_tries`` below 1.
        """
        if not 1 <= max_tries <= UINT64_MAX:
            raise ValueError(f"max_tries {max_tries}: at least one attempt is needed")
        payload = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>self.size)
        if llt_seqlock_read(self.raw, PyBytes_AS_STRING(payload), self.size, max_tries):
            return payload
        raise BlockingIOError(EAGAIN, f"no stable copy in {max_tries} attempts: the writer is writing or interrupted")
