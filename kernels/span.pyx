"""A piece of a kernel's memory as Python sees it: a buffer that keeps its owner alive."""

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo


@cython.final
cdef class Span:
    """Bytes inside the memory of ``owner``; made by kernels only."""

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.address, <Py_ssize_t>self.size, 0, flags)


cdef object span_of(object owner, void *address, size_t size, object dtype):
    # A writable memoryview, or an array of the dtype where there is one.
    cdef Span span = Span.__new__(Span)
    span.owner = owner
    span.address = address
    span.size = size
    if dtype is None:
        return memoryview(span)
    import numpy

    return numpy.frombuffer(span, dtype)
