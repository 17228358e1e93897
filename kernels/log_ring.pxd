from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64
from lltool.kernels.spsc cimport llt_spsc, llt_spsc_consumer, llt_spsc_producer


cdef extern from "llt_log.h" nogil:
    enum:
        LLT_LOG_ARGUMENTS

    ctypedef struct llt_log_record:
        uint64_t ticks
        uint32_t event
        uint8_t code
        uint8_t count
        int64_t[5] arguments

    ctypedef struct llt_log:
        llt_spsc_producer out
        llt_atomic_u64 dropped

    bint llt_log_write(llt_log *log, uint32_t event, uint8_t code, const int64_t *arguments, uint8_t count)


cdef struct LogSides:
    llt_log log
    llt_spsc_consumer consumer


cdef class LogRing:
    # In nogil code pass &sides.log to llt_log_write, from one thread.
    cdef llt_spsc *ring
    cdef LogSides *sides
    cdef list texts
