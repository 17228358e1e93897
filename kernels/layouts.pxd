from libc.stdint cimport int64_t, uint32_t, uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64


cdef extern from "llt_layouts.h" nogil:
    ctypedef struct llt_level:
        int64_t price
        uint64_t quantity
        uint32_t order_count
        uint32_t sequence

    ctypedef struct llt_padded_level:
        int64_t price
        uint64_t quantity
        uint32_t order_count
        uint32_t sequence

    ctypedef struct llt_quote:
        int64_t bid_price
        uint64_t bid_quantity
        int64_t ask_price
        uint64_t ask_quantity
        uint64_t sequence
        uint64_t sides

    ctypedef struct llt_core_counters:
        llt_atomic_u64 messages
        llt_atomic_u64 errors
        llt_atomic_u64 last_ns


cdef class CoreCounters:
    cdef llt_core_counters *raw
    cdef size_t count
    cdef llt_core_counters *at(self, core) except NULL
