from libc.stdint cimport int64_t, uint64_t

from lltool.kernels.layouts cimport llt_quote
from lltool.kernels.seqlock cimport Seqlock


cdef extern from "llt_l2_side.h" nogil:
    enum:
        LLT_L2_BLOCK

    ctypedef struct llt_l2_level:
        int64_t key
        uint64_t quantity

    ctypedef struct llt_l2_side:
        size_t count

    bint llt_l2_delete(llt_l2_side *side, int64_t price)
    int llt_l2_update(llt_l2_side *side, int64_t price, uint64_t quantity)
    int64_t llt_l2_price(const llt_l2_side *side, size_t rank)
    uint64_t llt_l2_quantity(const llt_l2_side *side, size_t rank)
    void llt_l2_copy(const llt_l2_side *side, size_t rank, size_t count, llt_l2_level *to)
    void llt_l2_clear(llt_l2_side *side)


cdef extern from "llt_l2_book.h" nogil:
    enum:
        LLT_BID
        LLT_ASK

    ctypedef struct llt_l2_book:
        llt_l2_side sides[2]

    int llt_l2_init(llt_l2_book *book, size_t levels)
    void llt_l2_destroy(llt_l2_book *book)


cdef extern from "llt_quote.h" nogil:
    llt_quote llt_quote_of(const llt_l2_book *book, uint64_t sequence)


cdef object levels_of(const llt_l2_side *side)


cdef class L2Book:
    cdef llt_l2_book raw
    cdef readonly uint64_t sequence
    cdef readonly Seqlock quote
    cdef void publish(self) noexcept nogil
