"""What a caller names as the type of a record: a number of bytes or a NumPy dtype."""

from libc.stddef cimport size_t
from libc.stdint cimport SIZE_MAX


cdef object record_dtype(object record):
    # None for plain bytes. Whoever has a dtype has NumPy; whoever asks for bytes does not wait for its import.
    if isinstance(record, int):
        return None
    import numpy

    dtype = numpy.dtype(record)
    if dtype.hasobject:
        raise ValueError(f"dtype {dtype}: a record holds values, not references to Python objects")
    return dtype


cdef size_t record_bytes(object record) except 0:
    size = record if isinstance(record, int) else record_dtype(record).itemsize
    if size < 1:
        raise ValueError(f"record of {size} bytes: a record has at least 1 byte")
    if size > SIZE_MAX // 2:
        raise MemoryError(f"no memory for a record of {size} bytes")
    return size
