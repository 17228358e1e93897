from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lltool.kernels.int128 cimport llt_int128


cdef extern from "llt_risk.h" nogil:
    enum:
        LLT_RISK_HALTED
        LLT_RISK_SIDE
        LLT_RISK_QUANTITY
        LLT_RISK_MAX_QUANTITY
        LLT_RISK_LOT
        LLT_RISK_PRICE
        LLT_RISK_TICK
        LLT_RISK_BAND
        LLT_RISK_NOTIONAL
        LLT_RISK_LONG
        LLT_RISK_SHORT
        LLT_RISK_OPEN_ORDERS
        LLT_RISK_GROSS
        LLT_RISK_RATE
        LLT_RISK_ORDER_ID
        LLT_RISK_STALE

    ctypedef struct llt_risk_limits:
        int64_t max_quantity
        int64_t lot
        int64_t tick
        int64_t band
        llt_int128 max_notional
        int64_t max_long
        int64_t max_short
        int64_t max_open_orders
        llt_int128 max_gross_notional
        int64_t rate_window_ns
        int64_t max_age_ns

    ctypedef struct llt_risk_order:
        uint64_t order_id
        int64_t price
        int64_t quantity
        uint32_t side

    ctypedef struct llt_risk:
        llt_risk_limits limits
        int64_t position
        int64_t open_orders
        int64_t halted

    int llt_risk_init(llt_risk *risk, const llt_risk_limits *limits, size_t rate)
    void llt_risk_destroy(llt_risk *risk)
    uint32_t llt_risk_check(const llt_risk *risk, const llt_risk_order *order, int64_t now_ns)
    void llt_risk_accept(llt_risk *risk, const llt_risk_order *order, int64_t now_ns)
    void llt_risk_reduce(llt_risk *risk, uint32_t side, int64_t price, int64_t quantity, int filled)
    void llt_risk_close(llt_risk *risk)
    void llt_risk_set_reference(llt_risk *risk, int64_t price, int64_t now_ns)


cdef class RiskCheck:
    cdef llt_risk raw
    cdef _reduce(self, uint32_t side, int64_t price, int64_t quantity, bint filled, bint complete)
