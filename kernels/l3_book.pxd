from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "llt_price_index.h" nogil:
    ctypedef struct llt_price_index:
        pass

    bint llt_price_index_empty(const llt_price_index *index)
    int64_t llt_price_index_best_key(const llt_price_index *index)
    uint32_t llt_price_index_best(const llt_price_index *index)
    bint llt_price_index_next(const llt_price_index *index, int64_t *key, uint32_t *level)


cdef extern from "llt_l3_book.h" nogil:
    enum:
        LLT_L3_BID
        LLT_L3_ASK
        LLT_L3_ADD
        LLT_L3_REDUCE
        LLT_L3_CANCEL
        LLT_L3_REPLACE
        LLT_L3_EXECUTE

    ctypedef enum llt_l3_status:
        LLT_L3_OK
        LLT_L3_UNKNOWN
        LLT_L3_DUPLICATE
        LLT_L3_QUANTITY
        LLT_L3_RANGE
        LLT_L3_MEMORY

    ctypedef struct llt_l3_order:
        uint64_t id
        uint64_t quantity
        uint32_t next
        uint32_t previous
        uint32_t level
        uint32_t side

    ctypedef struct llt_l3_level:
        int64_t key
        uint64_t quantity
        uint32_t head
        uint32_t tail
        uint32_t count

    ctypedef struct llt_l3_book:
        llt_l3_order *orders
        llt_l3_level *levels
        size_t live
        uint64_t span
        uint64_t first_id
        bint queues
        llt_price_index sides[2]

    ctypedef struct llt_l3_operation:
        uint64_t id
        uint64_t new_id
        int64_t price
        uint64_t quantity
        uint8_t kind
        uint8_t side

    int64_t llt_l3_mirror(unsigned side)
    int llt_l3_init(llt_l3_book *book, size_t orders, uint64_t first_id, uint64_t span, bint queues)
    void llt_l3_destroy(llt_l3_book *book)
    uint32_t llt_l3_find(const llt_l3_book *book, uint64_t id)
    llt_l3_status llt_l3_add(llt_l3_book *book, uint64_t id, unsigned side, int64_t price, uint64_t quantity)
    llt_l3_status llt_l3_reduce(llt_l3_book *book, uint64_t id, uint64_t quantity)
    llt_l3_status llt_l3_cancel(llt_l3_book *book, uint64_t id)
    llt_l3_status llt_l3_replace(
        llt_l3_book *book, uint64_t id, uint64_t new_id, int64_t price, uint64_t quantity)
    bint llt_l3_best(const llt_l3_book *book, unsigned side, int64_t *price)
    llt_l3_status llt_l3_apply(llt_l3_book *book, const llt_l3_operation *operation)
    size_t llt_l3_apply_many(
        llt_l3_book *book, const llt_l3_operation *operations, size_t count, llt_l3_status *status)


cdef class L3Book:
    cdef llt_l3_book raw
