from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from lltool.kernels.cpu cimport llt_cpu_path


cdef extern from "llt_binance.h" nogil:
    enum:
        LLT_BINANCE_PADDING
        LLT_BINANCE_DEPTH
        LLT_BINANCE_TRADE
        LLT_BINANCE_TICKER
        LLT_BINANCE_SNAPSHOT
        LLT_BINANCE_SPOT
        LLT_BINANCE_FUTURES

    ctypedef enum llt_binance_status:
        LLT_BINANCE_OK
        LLT_BINANCE_TRUNCATED
        LLT_BINANCE_UNEXPECTED
        LLT_BINANCE_NUMBER
        LLT_BINANCE_ROOM

    ctypedef struct llt_binance_level:
        int64_t price
        int64_t quantity

    ctypedef struct llt_binance_event:
        int64_t event_us
        int64_t transaction_us
        uint64_t first_update_id
        uint64_t last_update_id
        uint64_t previous_update_id
        uint64_t trade_id
        int64_t price
        int64_t quantity
        int64_t bid_price
        int64_t bid_quantity
        int64_t ask_price
        int64_t ask_quantity
        uint64_t first_level
        uint32_t bids
        uint32_t asks
        uint8_t kind
        uint8_t market
        uint8_t buyer_is_maker
        uint8_t at_market
        char symbol[24]

    ctypedef llt_binance_status llt_binance_parser(
        const unsigned char *text, size_t size, size_t readable, llt_binance_event *event,
        llt_binance_level *levels, size_t room, size_t *position) noexcept nogil

    llt_cpu_path llt_binance_path(llt_cpu_path path)
    llt_binance_parser *llt_binance_parser_of(llt_cpu_path path)


cdef class Event:
    cdef llt_binance_event raw
    cdef llt_binance_level *levels


cdef class Parser:
    cdef llt_binance_parser *parse_raw
    cdef llt_cpu_path chosen
    cdef llt_binance_level *scratch
    cdef size_t room
    cdef int reserve(self, size_t text_size) except -1
