from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from lltool.kernels.int128 cimport llt_int128
from lltool.kernels.l2_book cimport llt_l2_book
from lltool.kernels.router cimport llt_account, llt_order_event


cdef extern from "llt_paper.h" nogil:
    enum:
        LLT_PAPER_NEW
        LLT_PAPER_NEW_IOC
        LLT_PAPER_CANCEL
        LLT_PAPER_CANCEL_ALL
        LLT_PAPER_QUERY

    enum:
        LLT_PAPER_ACCEPTED
        LLT_PAPER_REJECTED
        LLT_PAPER_FILL
        LLT_PAPER_CANCELED
        LLT_PAPER_CANCEL_REJECTED
        LLT_PAPER_EXPIRED
        LLT_PAPER_NOT_FOUND

    enum:
        LLT_PAPER_NO_REASON
        LLT_PAPER_PRICE_FILTER
        LLT_PAPER_LOT_SIZE
        LLT_PAPER_NOTIONAL
        LLT_PAPER_PERCENT_PRICE
        LLT_PAPER_MAX_ORDERS
        LLT_PAPER_MAX_POSITION
        LLT_PAPER_DUPLICATE_ID
        LLT_PAPER_SIDE

    llt_order_event llt_paper_event_of(uint32_t kind)

    ctypedef struct llt_paper_filters:
        int64_t min_price
        int64_t max_price
        int64_t tick
        int64_t min_quantity
        int64_t max_quantity
        int64_t lot
        llt_int128 min_notional
        int64_t price_up
        int64_t price_down
        int64_t max_orders
        int64_t max_position

    ctypedef struct llt_paper_model:
        int64_t maker_rate
        int64_t taker_rate
        int64_t entry_ns
        int64_t response_ns
        int64_t jitter_ns
        uint64_t seed

    ctypedef struct llt_paper_order:
        uint64_t id
        int64_t ahead
        int64_t quantity
        int64_t filled

    ctypedef struct llt_paper_report:
        int64_t due_ns
        uint64_t id
        uint64_t execution_id
        int64_t price
        int64_t quantity
        int64_t cumulative
        llt_int128 fee
        uint32_t side
        uint16_t kind
        uint16_t reason
        uint32_t maker
        uint32_t again

    ctypedef struct llt_paper:
        const llt_l2_book *book
        llt_account account
        llt_paper_order *orders
        size_t open
        uint64_t lost_reports

    int llt_paper_init(
        llt_paper *paper, const llt_l2_book *book, const llt_paper_filters *filters, const llt_paper_model *model,
        size_t room)
    void llt_paper_destroy(llt_paper *paper)
    bint llt_paper_send(
        llt_paper *paper, uint32_t kind, uint64_t id, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns)
    size_t llt_paper_find(const llt_paper *paper, uint64_t id)
    void llt_paper_advance(llt_paper *paper, int64_t now_ns)
    void llt_paper_on_book(llt_paper *paper, int64_t now_ns)
    void llt_paper_on_trade(llt_paper *paper, int64_t price, int64_t quantity, uint32_t sold, int64_t now_ns)
    const llt_paper_report *llt_paper_next(const llt_paper *paper, int64_t now_ns)
    void llt_paper_taken(llt_paper *paper)


cdef class PaperExchange:
    # In nogil code call the functions above on `raw`, on the thread that owns the book.
    cdef llt_paper raw
    cdef readonly object book
