"""Price-level book of one instrument, in integer ticks.

Layout: ``include/llt_l2_book.h``. Chapter 5.3.3.
"""

cimport cython
from libc.stdint cimport SIZE_MAX

BID = LLT_BID
ASK = LLT_ASK


cdef llt_l2_side *_side(L2Book book, side) except NULL:
    if side == LLT_BID:
        return &book.raw.sides[LLT_BID]
    if side == LLT_ASK:
        return &book.raw.sides[LLT_ASK]
    raise ValueError(f"side {side!r} is neither BID ({BID}) nor ASK ({ASK})")


cdef object _best(const llt_l2_side *side):
    if side.count == 0:
        return None
    return llt_l2_price(side, 0), llt_l2_quantity(side, 0)


@cython.final
cdef class L2Book:
    """Total quantity by price for both sides; prices are any int64, quantities any uint64.

    ``levels`` a side are held without taking memory later; more are taken when needed and kept, so that memory
    follows the largest number of levels, whatever the prices. A crossed book is held as it comes. One thread owns a
    book.

    Raises ValueError for negative ``levels``, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, levels=256):
        if levels < 0:
            raise ValueError(f"levels {levels}: not a number of levels")
        if levels > SIZE_MAX or llt_l2_init(&self.raw, levels) != 0:
            raise MemoryError(f"no memory for a book of {levels} levels a side")

    def __dealloc__(self):
        llt_l2_destroy(&self.raw)

    def update(self, side, int64_t price, uint64_t quantity):
        """Set the quantity at ``price`` of ``side`` (BID or ASK); 0 deletes the level.

        Raises ValueError for another side, OverflowError for a price or quantity that does not fit.
        """
        if llt_l2_update(_side(self, side), price, quantity) != 0:
            raise MemoryError("no memory for another level")

    def delete(self, side, int64_t price):
        """Take the level at ``price`` away; False when there is none."""
        return llt_l2_delete(_side(self, side), price)

    @property
    def best_bid(self):
        """Price and quantity of the highest bid; None when there is none."""
        return _best(&self.raw.sides[LLT_BID])

    @property
    def best_ask(self):
        """Price and quantity of the lowest ask; None when there is none."""
        return _best(&self.raw.sides[LLT_ASK])

    @property
    def mid_half_ticks(self):
        """Middle between the best prices in half ticks (their sum: exact where a tick is not); None if one-sided."""
        cdef llt_l2_side *bids = &self.raw.sides[LLT_BID]
        cdef llt_l2_side *asks = &self.raw.sides[LLT_ASK]
        if bids.count == 0 or asks.count == 0:
            return None
        return <object>llt_l2_price(asks, 0) + <object>llt_l2_price(bids, 0)

    @property
    def spread_ticks(self):
        """Best ask minus best bid, negative when the book is crossed; None if one-sided."""
        cdef llt_l2_side *bids = &self.raw.sides[LLT_BID]
        cdef llt_l2_side *asks = &self.raw.sides[LLT_ASK]
        if bids.count == 0 or asks.count == 0:
            return None
        return <object>llt_l2_price(asks, 0) - <object>llt_l2_price(bids, 0)

    def levels(self, side, count=None):
        """List of (price, quantity) from the best level on; all of them, or the first ``count``."""
        cdef llt_l2_side *levels = _side(self, side)
        cdef Py_ssize_t wanted = _wanted(levels, count)
        cdef Py_ssize_t rank
        return [(llt_l2_price(levels, rank), llt_l2_quantity(levels, rank)) for rank in range(wanted)]

    def depth(self, count):
        """Sums of the quantities of the ``count`` best levels: (bids, asks), exact."""
        return _depth(&self.raw.sides[LLT_BID], count), _depth(&self.raw.sides[LLT_ASK], count)

    def level_count(self, side):
        """Number of levels of ``side``."""
        return _side(self, side).count

    def clear(self):
        """Take every level away; the memory is kept."""
        llt_l2_clear(&self.raw.sides[LLT_BID])
        llt_l2_clear(&self.raw.sides[LLT_ASK])


cdef Py_ssize_t _wanted(const llt_l2_side *side, count) except -1:
    if count is None:
        return side.count
    if count < 0:
        raise ValueError(f"count {count}: not a number of levels")
    return side.count if count > side.count else count


cdef object _depth(const llt_l2_side *side, count):
    cdef Py_ssize_t rank
    total = 0
    for rank in range(_wanted(side, count)):
        total += <object>llt_l2_quantity(side, rank)
    return total
