"""What decides: the interface for a strategy in Cython, and the chapter's strategy.

Chapter 5.9. How to write one: ``strategy.pxd``.
"""

from libc.stdint cimport int64_t


cdef extern from "llt_strategy.h" nogil:
    ctypedef struct llt_quote:
        pass

    ctypedef struct llt_wish:
        pass

    ctypedef struct llt_spread_strategy:
        int64_t threshold
        int64_t quantity
        int64_t tick

    int llt_spread_decide(void *state, const llt_quote *quote, int64_t position, llt_wish *wish)


cdef int _spread(void *state, const Quote *quote, int64_t position, Wish *wish) noexcept nogil:
    return llt_spread_decide(state, <const llt_quote *>quote, position, <llt_wish *>wish)


cdef class Strategy:
    """What the pipeline asks at each change of the best levels. A subclass in Cython says what it wants.

    This class itself never wants anything.
    """

    def wishes(self, int64_t bid_price, int64_t ask_price, int64_t position=0):
        """``(side, price, quantity)`` that it wants at these best prices, or None. To try a strategy out."""
        cdef Quote quote = Quote(bid_price, 1, ask_price, 1, 0, 3)
        cdef Wish wish
        if self.decide is NULL or not self.decide(self.state, &quote, position, &wish):
            return None
        return wish.side, wish.price, wish.quantity


cdef class SpreadStrategy(Strategy):
    """The chapter's: a spread above ``threshold``, an order of ``quantity`` at the mid rounded down to ``tick``.

    It buys while nothing is held and sells what is. All numbers in units of 1e-8. Raises ValueError for a ``tick`` or
    ``quantity`` below 1.
    """

    cdef llt_spread_strategy own

    def __cinit__(self, *, int64_t threshold, int64_t quantity, int64_t tick):
        if quantity < 1 or tick < 1:
            raise ValueError(f"quantity {quantity}, tick {tick}: each is at least 1")
        self.own = llt_spread_strategy(threshold, quantity, tick)
        self.decide = _spread
        self.state = &self.own
