from libc.stddef cimport size_t

from lltool.kernels.atomic cimport llt_atomic_u64


cdef bint claim(llt_atomic_u64 *owner)
cdef void *map_new(int fd, size_t size) except NULL
cdef void *map_existing(int fd, size_t *size) except NULL
