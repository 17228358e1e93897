"""To write your own: subclass Strategy in Cython, point ``decide`` at a nogil function and ``state`` at its data.

Needs no header of lltool: these structs have the layout of ``llt_quote.h`` and ``llt_strategy.h``, which the
pipeline asserts.
"""

from libc.stdint cimport int64_t, uint64_t


cdef struct Quote:
    int64_t bid_price
    uint64_t bid_quantity
    int64_t ask_price
    uint64_t ask_quantity
    uint64_t sequence
    uint64_t sides  # 1: a bid, 2: an ask, 3: both


cdef struct Wish:
    int64_t price
    int64_t quantity
    int64_t side  # 0 buys, 1 sells


ctypedef int (*Decide)(void *state, const Quote *quote, int64_t position, Wish *wish) noexcept nogil


cdef class Strategy:
    cdef Decide decide
    cdef void *state
