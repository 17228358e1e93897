cdef size_t record_bytes(object record) except 0
cdef object record_dtype(object record)
