from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t

from lltool.kernels.binance_json cimport llt_binance_event, llt_binance_level


cdef extern from "llt_sbe.h" nogil:
    ctypedef enum llt_sbe_status:
        LLT_SBE_OK
        LLT_SBE_TRUNCATED
        LLT_SBE_UNKNOWN
        LLT_SBE_BLOCK
        LLT_SBE_VALUE
        LLT_SBE_ROOM
        LLT_SBE_EXTRA

    ctypedef struct llt_sbe_trade:
        uint64_t trade_id
        int64_t price
        int64_t quantity
        uint64_t buyer_is_maker

    llt_sbe_status llt_sbe_parse(
        const unsigned char *text, size_t size, llt_binance_event *event, llt_binance_level *levels,
        llt_sbe_trade *trades, size_t room, size_t *count, size_t *position)
