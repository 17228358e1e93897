from libc.stddef cimport size_t


cdef class Mapping:
    cdef void *base
    cdef size_t mapped
    cdef char *address
    cdef size_t size
    cdef str asked_for
