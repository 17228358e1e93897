"""llt_int128.h for Cython: an opaque type, and its conversion from and to Python's integers."""

from libc.stdint cimport int64_t, uint64_t


cdef extern from "llt_int128.h" nogil:
    ctypedef struct llt_int128:
        pass

    llt_int128 llt_int128_of(int64_t high, uint64_t low)
    int64_t llt_int128_high(llt_int128 value)
    uint64_t llt_int128_low(llt_int128 value)


cdef inline llt_int128 to_int128(object value) except *:
    # OverflowError for what does not fit 128 bits.
    return llt_int128_of(value >> 64, value & 0xffffffffffffffff)


cdef inline object from_int128(llt_int128 value):
    return (<object>llt_int128_high(value) << 64) | <object>llt_int128_low(value)
