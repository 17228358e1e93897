cdef class Span:
    cdef object owner
    cdef void *address
    cdef size_t size


cdef object span_of(object owner, void *address, size_t size, object dtype)
