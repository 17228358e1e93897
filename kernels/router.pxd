from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lltool.kernels.int128 cimport llt_int128
from lltool.kernels.kill_switch cimport KillSwitch, llt_kill_switch
from lltool.kernels.risk cimport RiskCheck, llt_risk


cdef extern from "llt_account.h" nogil:
    ctypedef struct llt_account:
        llt_int128 cash
        llt_int128 fees
        llt_int128 turnover
        llt_int128 peak
        int64_t position
        uint64_t fills

    llt_int128 llt_account_worth(const llt_account *account, int64_t price)


cdef extern from "llt_orders.h" nogil:
    ctypedef enum llt_order_state:
        LLT_ORDER_NONE
        LLT_ORDER_PENDING_NEW
        LLT_ORDER_OPEN
        LLT_ORDER_PARTIAL
        LLT_ORDER_PENDING_CANCEL
        LLT_ORDER_UNKNOWN
        LLT_ORDER_FILLED
        LLT_ORDER_CANCELED
        LLT_ORDER_REJECTED
        LLT_ORDER_EXPIRED

    ctypedef enum llt_order_event:
        LLT_ORDER_ON_ACCEPTED
        LLT_ORDER_ON_REJECTED
        LLT_ORDER_ON_CANCEL_SENT
        LLT_ORDER_ON_CANCELED
        LLT_ORDER_ON_CANCEL_REJECTED
        LLT_ORDER_ON_EXPIRED
        LLT_ORDER_ON_LOST
        LLT_ORDER_ON_NOT_FOUND

    ctypedef struct llt_order:
        uint64_t id
        int64_t price
        int64_t quantity
        int64_t filled
        int64_t since_ns
        uint32_t side
        uint32_t state

    ctypedef struct llt_orders:
        llt_order *slots
        uint64_t mask
        uint64_t live
        uint64_t unknown
        uint64_t illegal
        uint64_t duplicates
        uint64_t late

    bint llt_order_is_live(const llt_order *order)
    llt_order *llt_orders_find(const llt_orders *orders, uint64_t id)
    llt_order *llt_orders_overdue(const llt_orders *orders, uint64_t *at, int64_t now_ns, int64_t limit_ns)


cdef extern from "llt_router.h" nogil:
    enum:
        LLT_DENIED_KILLED
        LLT_DENIED_BOOK
        LLT_DENIED_RESTRICTED
        LLT_DENIED_MIN_QUANTITY
        LLT_DENIED_MIN_NOTIONAL
        LLT_DENIED_BURST
        LLT_DENIED_CANCELS
        LLT_DENIED_DUPLICATE
        LLT_DENIED_SELF_CROSS
        LLT_DENIED_LOSS
        LLT_DENIED_FAT_FINGER
        LLT_DENIED_UNKNOWN
        LLT_DENIED_TABLE

    ctypedef struct llt_router_limits:
        int64_t min_quantity
        llt_int128 min_notional
        llt_int128 max_loss
        llt_int128 max_drawdown
        int64_t duplicate_window_ns
        int64_t burst_window_ns
        int64_t max_size_multiple
        int64_t max_cancels_percent

    ctypedef struct llt_router:
        llt_risk *risk
        llt_kill_switch *kill
        llt_router_limits limits
        llt_orders orders
        llt_account account
        int64_t live
        int64_t restricted
        uint64_t accepted
        uint64_t cancels
        uint64_t overfills
        uint64_t denied[32]

    int llt_router_init(
        llt_router *router, llt_risk *risk, llt_kill_switch *kill, const llt_router_limits *limits, size_t capacity,
        size_t burst, uint32_t epoch)
    void llt_router_destroy(llt_router *router)
    llt_order *llt_router_submit(
        llt_router *router, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns, uint32_t *denied)
    llt_order *llt_router_hand_over(
        llt_router *router, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns, uint32_t *denied)
    void llt_router_sent(llt_router *router)
    bint llt_router_on(llt_router *router, uint64_t id, llt_order_event event, int64_t now_ns)
    bint llt_router_fill(
        llt_router *router, uint64_t id, uint64_t execution_id, int64_t price, int64_t quantity, int64_t cumulative,
        llt_int128 fee, int64_t now_ns)
    bint llt_router_watch(llt_router *router, int64_t now_ns, int64_t stale_ns, int64_t silence_ns)


cdef class Router:
    # In nogil code: llt_router_submit, then send, then llt_router_sent, all on the thread that owns it.
    cdef llt_router raw
    cdef readonly RiskCheck risk
    cdef readonly KillSwitch kill


cdef object account_of(const llt_account *account)
cdef dict denials_of(const uint64_t *denied)
