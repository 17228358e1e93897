from libc.stddef cimport size_t


cdef object record_dtype(object record)
cdef size_t record_bytes(object record) except 0


cdef class RecordTypes:
    cdef str module
    cdef dict declared
    cdef dict made
    cdef object named(self, str name)
