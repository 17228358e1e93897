from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "llt_price_index.h" nogil:
    ctypedef struct llt_price_index:
        int64_t best

    bint llt_price_index_empty(const llt_price_index *index)
    uint32_t llt_price_index_best(const llt_price_index *index)
    bint llt_price_index_next(const llt_price_index *index, int64_t *key, uint32_t *level)


cdef extern from "llt_l3_levels.h" nogil:
    enum:
        LLT_L3_BID
        LLT_L3_ASK

    ctypedef struct llt_l3_level:
        uint64_t quantity
        uint32_t count
        uint32_t side

    ctypedef struct llt_l3_ends:
        uint32_t front
        uint32_t back

    ctypedef struct llt_l3_levels:
        llt_price_index *sides

    int64_t llt_l3_mirror(unsigned side)
    const llt_l3_level *llt_l3_levels_get(const llt_l3_levels *levels, uint32_t number)
    const llt_l3_ends *llt_l3_levels_ends(const llt_l3_levels *levels, uint32_t number)
    int64_t llt_l3_levels_key(const llt_l3_levels *levels, uint32_t number)
    uint32_t llt_l3_levels_find(const llt_l3_levels *levels, unsigned side, int64_t key)


cdef extern from "llt_l3_order.h" nogil:
    ctypedef struct llt_l3_order:
        uint64_t quantity
        uint32_t level

    ctypedef struct llt_l3_links:
        uint32_t next

    ctypedef struct llt_l3_orders:
        pass

    const llt_l3_links *llt_l3_orders_links(const llt_l3_orders *orders, uint32_t number)


cdef extern from "llt_l3_book.h" nogil:
    ctypedef enum llt_l3_status:
        LLT_L3_OK
        LLT_L3_UNKNOWN
        LLT_L3_DUPLICATE
        LLT_L3_QUANTITY
        LLT_L3_RANGE
        LLT_L3_MEMORY

    ctypedef struct llt_l3_book:
        llt_l3_orders orders
        llt_l3_levels levels
        size_t books
        size_t live
        bint queues

    int llt_l3_init(
        llt_l3_book *book, size_t orders, uint64_t first_id, uint64_t span, bint queues, size_t books)
    void llt_l3_destroy(llt_l3_book *book)
    uint32_t llt_l3_find(const llt_l3_book *book, uint64_t id)
    const llt_l3_order *llt_l3_order_of(const llt_l3_book *book, uint32_t number)
    uint64_t llt_l3_id(const llt_l3_book *book, uint32_t number)
    llt_l3_status llt_l3_add(llt_l3_book *book, uint64_t id, unsigned side, int64_t price, uint64_t quantity)
    llt_l3_status llt_l3_reduce(llt_l3_book *book, uint64_t id, uint64_t quantity)
    llt_l3_status llt_l3_cancel(llt_l3_book *book, uint64_t id)
    llt_l3_status llt_l3_replace(
        llt_l3_book *book, uint64_t id, uint64_t new_id, int64_t price, uint64_t quantity)
    bint llt_l3_best(const llt_l3_book *book, unsigned side, int64_t *price)


cdef extern from "llt_l3_stream.h" nogil:
    enum:
        LLT_L3_ADD
        LLT_L3_REDUCE
        LLT_L3_CANCEL
        LLT_L3_REPLACE
        LLT_L3_EXECUTE

    ctypedef struct llt_l3_operation:
        uint64_t id
        uint64_t new_id
        int64_t price
        uint64_t quantity
        uint8_t kind
        uint8_t side
        uint32_t book

    llt_l3_status llt_l3_apply(llt_l3_book *book, const llt_l3_operation *operation)
    void llt_l3_prefetch(const llt_l3_book *book, const llt_l3_operation *operations, size_t left)
    size_t llt_l3_apply_many(
        llt_l3_book *book, const llt_l3_operation *operations, size_t count, llt_l3_status *status)


cdef class L3Book:
    cdef llt_l3_book raw
    cdef unsigned side_of(self, side, book) except? 0xffffffff
    cdef const llt_l3_order *order_of(self, uint64_t id) except NULL
    cdef uint32_t level_of(self, uint64_t id) except 0
    cdef object price(self, uint32_t level)
    cdef object level(self, uint32_t number)
