"""Price-level book of one instrument, in integer ticks.

Layout: ``include/llt_l2_side.h``. Chapter 5.3.3.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.long cimport PyLong_CheckExact
from libc.stddef cimport size_t
from libc.stdint cimport SIZE_MAX, uint8_t

from lltool.kernels.binance_json cimport LLT_BINANCE_DEPTH, LLT_BINANCE_SNAPSHOT, Event, llt_binance_level
from lltool.kernels.record_type cimport RecordTypes
from lltool.kernels.seqlock cimport llt_seqlock_write

from lltool.kernels import layouts

cdef extern from "Python.h":
    Py_ssize_t PyNumber_AsSsize_t(object number, void *overflow) except? -1

BID = LLT_BID
ASK = LLT_ASK

cdef RecordTypes _TYPES = RecordTypes(
    __name__, LEVEL=([("price", "<i8"), ("quantity", "<u8")], 2 * sizeof(uint64_t)))


def __getattr__(str name):
    """LEVEL, QUOTE: NumPy is loaded by who asks for them."""
    return layouts.QUOTE if name == "QUOTE" else _TYPES.named(name)


cdef inline llt_l2_side *_side(L2Book book, side) except NULL:
    cdef Py_ssize_t number = -1
    if PyLong_CheckExact(side):
        number = PyNumber_AsSsize_t(side, NULL)  # NULL: one that does not fit is as near as one that does
    elif side == LLT_BID or side == LLT_ASK:
        number = side
    if number != LLT_BID and number != LLT_ASK:
        raise ValueError(f"side {side!r} is neither BID ({BID}) nor ASK ({ASK})")
    return &book.raw.sides[number]


cdef object _best(const llt_l2_side *side):
    if side.count == 0:
        return None
    return llt_l2_price(side, 0), llt_l2_quantity(side, 0)


@cython.final
@cython.binding(False)
cdef class L2Book:
    """Total quantity by price for both sides; prices are any int64, quantities any uint64.

    ``levels`` a side are held without taking memory later; more are taken when needed and kept, so that memory
    follows the largest number of levels, whatever the prices. A crossed book is held as it comes. One thread owns a
    book; others read the best quote from ``quote``, a :class:`Seqlock` of QUOTE.itemsize bytes that is written after
    every call that changes the book.

    Raises ValueError for negative ``levels`` or a lock of another size, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, levels=256, Seqlock quote=None):
        if quote is not None and quote.size != sizeof(llt_quote):
            raise ValueError(f"a lock of {quote.size} bytes: a quote has {sizeof(llt_quote)}")
        self.quote = quote
        if levels < 0:
            raise ValueError(f"levels {levels}: not a number of levels")
        if levels > SIZE_MAX or llt_l2_init(&self.raw, levels) != 0:
            raise MemoryError(f"no memory for a book of {levels} levels a side")

    def __dealloc__(self):
        llt_l2_destroy(&self.raw)

    cdef void publish(self) noexcept nogil:
        cdef llt_quote quote
        if self.quote is not None:
            quote = llt_quote_of(&self.raw, self.sequence)
            llt_seqlock_write(self.quote.raw, &quote, sizeof(llt_quote))

    def update(self, side, int64_t price, uint64_t quantity):
        """Set the quantity at ``price`` of ``side`` (BID or ASK); 0 deletes the level.

        Raises ValueError for another side, OverflowError for a price or quantity that does not fit.
        """
        if llt_l2_update(_side(self, side), price, quantity) != 0:
            raise MemoryError("no memory for another level")
        self.publish()

    def best_prices(self):
        """``(bid price, ask price)``, each None when there is none: what most who read both best levels want."""
        cdef const llt_l2_side *bids = &self.raw.sides[LLT_BID]
        cdef const llt_l2_side *asks = &self.raw.sides[LLT_ASK]
        return (
            llt_l2_price(bids, 0) if bids.count else None,
            llt_l2_price(asks, 0) if asks.count else None,
        )

    def delete(self, side, int64_t price):
        """Take the level at ``price`` away; False when there is none."""
        cdef bint was_there = llt_l2_delete(_side(self, side), price)
        self.publish()
        return was_there

    def update_many(self, sides, prices, quantities, best=False):
        """As many calls of :meth:`update`, the GIL released: arrays of sides, prices (int64) and quantities (uint64).

        With ``best`` the result is an array of QUOTE, the best levels after each; else None. The lock is written once,
        at the end. Raises ValueError for arrays of different lengths or another side; nothing is applied then.
        """
        cdef Py_buffer sides_view, prices_view, quantities_view, quotes_view
        cdef size_t count
        cdef int failed
        cdef llt_quote *quotes = NULL
        import numpy as np

        sides = np.ascontiguousarray(sides, np.uint8)
        prices = np.ascontiguousarray(prices, np.int64)
        quantities = np.ascontiguousarray(quantities, np.uint64)
        if not sides.shape == prices.shape == quantities.shape == (len(sides),):
            raise ValueError(f"arrays of {len(sides)}, {len(prices)} and {len(quantities)}: one of each is wanted")
        if len(sides) and sides.max() > ASK:
            raise ValueError(f"side {sides.max()} is neither BID ({BID}) nor ASK ({ASK})")
        count = len(sides)
        found = np.empty(count if best else 0, layouts.QUOTE)
        PyObject_GetBuffer(sides, &sides_view, PyBUF_SIMPLE)
        PyObject_GetBuffer(prices, &prices_view, PyBUF_SIMPLE)
        PyObject_GetBuffer(quantities, &quantities_view, PyBUF_SIMPLE)
        PyObject_GetBuffer(found, &quotes_view, PyBUF_WRITABLE)
        if best:
            quotes = <llt_quote *>quotes_view.buf
        try:
            with nogil:
                failed = _update_many(
                    &self.raw, <const uint8_t *>sides_view.buf, <const int64_t *>prices_view.buf,
                    <const uint64_t *>quantities_view.buf, count, self.sequence, quotes)
                self.publish()
        finally:
            PyBuffer_Release(&sides_view)
            PyBuffer_Release(&prices_view)
            PyBuffer_Release(&quantities_view)
            PyBuffer_Release(&quotes_view)
        if failed:
            raise MemoryError("no memory for another level")
        return found if best else None

    def apply(self, Event event):
        """Apply a depth update, or replace all levels by a snapshot; ``sequence`` becomes its last update id.

        Prices and quantities are in the event's units of 1e-8. Whether the event is the next one is for the caller to
        know. Raises ValueError for an event without levels.
        """
        cdef int failed = 0
        if event.raw.kind == LLT_BINANCE_SNAPSHOT:
            llt_l2_clear(&self.raw.sides[LLT_BID])
            llt_l2_clear(&self.raw.sides[LLT_ASK])
        elif event.raw.kind != LLT_BINANCE_DEPTH:
            raise ValueError(f"{event!r} has no levels")
        failed |= _apply(&self.raw.sides[LLT_BID], event.levels, event.raw.bids)
        failed |= _apply(&self.raw.sides[LLT_ASK], event.levels + event.raw.bids, event.raw.asks)
        self.sequence = event.raw.last_update_id
        self.publish()
        if failed:
            raise MemoryError("no memory for another level")

    def snapshot(self):
        """``(bids, asks, sequence)``: arrays of LEVEL, the best first."""
        return levels_of(&self.raw.sides[LLT_BID]), levels_of(&self.raw.sides[LLT_ASK]), self.sequence

    def load(self, bids, asks, uint64_t sequence=0):
        """Replace the whole book: arrays of LEVEL in any order, the last of equal prices counts, quantity 0 is none.

        Raises ValueError for arrays of another type; the book is then as before.
        """
        import numpy as np

        for levels in (bids, asks):
            if np.asarray(levels).dtype != _TYPES.named("LEVEL"):
                raise ValueError(f"levels of type {np.asarray(levels).dtype}: LEVEL is wanted")
        llt_l2_clear(&self.raw.sides[LLT_BID])
        llt_l2_clear(&self.raw.sides[LLT_ASK])
        self.sequence = sequence
        for side, levels in ((BID, bids), (ASK, asks)):
            self.update_many(np.full(len(levels), side, np.uint8), levels["price"], levels["quantity"])

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
        return _best_levels(_side(self, side), count)

    def depth(self, count):
        """Sums of the quantities of the ``count`` best levels: (bids, asks), exact."""
        return _depth(&self.raw.sides[LLT_BID], count), _depth(&self.raw.sides[LLT_ASK], count)

    def imbalance(self, count=1):
        """(bids - asks) / (bids + asks) of the ``count`` best levels' quantities, -1 .. 1; None for an empty book."""
        bids, asks = self.depth(count)
        return (bids - asks) / (bids + asks) if bids or asks else None

    def level_count(self, side):
        """Number of levels of ``side``."""
        return _side(self, side).count

    def clear(self):
        """Take every level away; the memory is kept."""
        llt_l2_clear(&self.raw.sides[LLT_BID])
        llt_l2_clear(&self.raw.sides[LLT_ASK])
        self.publish()


cdef int _update_many(
        llt_l2_book *book, const uint8_t *sides, const int64_t *prices, const uint64_t *quantities, size_t count,
        uint64_t sequence, llt_quote *quotes) noexcept nogil:
    cdef size_t at
    cdef int failed = 0
    for at in range(count):
        failed |= llt_l2_update(&book.sides[sides[at]], prices[at], quantities[at])
        if quotes is not NULL:
            quotes[at] = llt_quote_of(book, sequence)
    return failed


cdef int _apply(llt_l2_side *side, const llt_binance_level *levels, size_t count) noexcept nogil:
    cdef size_t at
    cdef int failed = 0
    for at in range(count):
        failed |= llt_l2_update(side, levels[at].price, <uint64_t>levels[at].quantity)
    return failed


cdef object levels_of(const llt_l2_side *side):
    cdef Py_buffer view
    import numpy as np

    found = np.empty(side.count, _TYPES.named("LEVEL"))
    PyObject_GetBuffer(found, &view, PyBUF_WRITABLE)
    llt_l2_copy(side, 0, side.count, <llt_l2_level *>view.buf)
    PyBuffer_Release(&view)
    return found


cdef list _best_levels(const llt_l2_side *side, count):
    """(price, quantity) of the best ``count``; None: of all."""
    cdef llt_l2_level[LLT_L2_BLOCK] levels
    cdef Py_ssize_t wanted = _wanted(side, count), rank = 0, some, at
    found = []
    while rank < wanted:
        some = min(wanted - rank, LLT_L2_BLOCK)
        llt_l2_copy(side, rank, some, levels)
        found += [(levels[at].key, levels[at].quantity) for at in range(some)]
        rank += some
    return found


cdef Py_ssize_t _wanted(const llt_l2_side *side, count) except -1:
    if count is None:
        return side.count
    if count < 0:
        raise ValueError(f"count {count}: not a number of levels")
    return side.count if count > side.count else count


cdef object _depth(const llt_l2_side *side, count):
    return sum([quantity for _, quantity in _best_levels(side, count)])
