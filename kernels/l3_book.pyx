"""Order-by-order book of one instrument: orders by id, first in first out, levels with totals and counts.

Layout and ids: ``include/llt_l3_book.h``; prices: ``include/llt_price_index.h``. Chapter exercise 5.2.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

import numpy as np

BID = LLT_L3_BID
ASK = LLT_L3_ASK
ADD = LLT_L3_ADD
REDUCE = LLT_L3_REDUCE
CANCEL = LLT_L3_CANCEL
REPLACE = LLT_L3_REPLACE
EXECUTE = LLT_L3_EXECUTE

OPERATION = np.dtype([
    ("id", "<u8"), ("new_id", "<u8"), ("price", "<i8"), ("quantity", "<u8"), ("kind", "u1"), ("side", "u1"),
    ("reserved", "V6"),
])
assert OPERATION.itemsize == sizeof(llt_l3_operation)


cdef unsigned _side(side) except? 2:
    if side == LLT_L3_BID or side == LLT_L3_ASK:
        return side
    raise ValueError(f"side {side!r} is neither BID ({BID}) nor ASK ({ASK})")


cdef object _refusal(llt_l3_status status, id):
    if status == LLT_L3_UNKNOWN:
        return KeyError(id)
    if status == LLT_L3_MEMORY:
        return MemoryError(f"order {id}: no memory for it")
    return ValueError({
        LLT_L3_DUPLICATE: f"order {id}: an order of this id is live",
        LLT_L3_QUANTITY: f"order {id}: a quantity of 0, more than the order has left, or too much for its level",
        LLT_L3_RANGE: f"order {id}: outside the span of ids of this book",
    }[status])


@cython.final
cdef class L3Book:
    """Live orders of one instrument. Ids are any uint64, prices any int64 (ticks), quantities 1 .. 2^64 - 1.

    ``orders`` can be live without taking memory later; more are taken when needed, which copies once in a while.
    ``dense=(first, span)`` says that ids lie in ``first .. first + span - 1``: found without a search, memory follows
    the highest id used (32 bytes each); other ids are refused. With ``queues=False`` only totals and counts are kept:
    quicker, and :meth:`position` is refused. One thread owns a book.

    Raises ValueError for sizes that are none, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, orders=1024, *, dense=None, queues=True):
        first, span = (0, 0) if dense is None else dense
        if not 0 <= orders < (1 << 32) - 2:
            raise ValueError(f"orders {orders}: not a number of orders below 2^32 - 2")
        if dense is not None and not (0 < span < (1 << 32) - 2 and 0 <= first <= (1 << 64) - span):
            raise ValueError(f"dense {dense}: not a first id and a number of ids below 2^32 - 2")
        if llt_l3_init(&self.raw, orders, first, span, queues) != 0:
            raise MemoryError(f"no memory for a book of {orders} orders")

    def __dealloc__(self):
        llt_l3_destroy(&self.raw)

    def __len__(self):
        return self.raw.live

    def __contains__(self, uint64_t id):
        return llt_l3_find(&self.raw, id) != 0

    def add(self, uint64_t id, side, int64_t price, uint64_t quantity):
        """A new order at the back of its queue. Raises ValueError for a live id, a quantity of 0, an id out of span."""
        cdef llt_l3_status status = llt_l3_add(&self.raw, id, _side(side), price, quantity)
        if status != LLT_L3_OK:
            raise _refusal(status, id)

    def reduce(self, uint64_t id, uint64_t quantity):
        """Take ``quantity`` off; the order keeps its place, and is gone when nothing is left.

        Raises KeyError for an id that is not live, ValueError for 0 or more than is left.
        """
        cdef llt_l3_status status = llt_l3_reduce(&self.raw, id, quantity)
        if status != LLT_L3_OK:
            raise _refusal(status, id)

    def execute(self, uint64_t id, uint64_t quantity):
        """As :meth:`reduce`, for a fill."""
        self.reduce(id, quantity)

    def cancel(self, uint64_t id):
        """Take an order away. Raises KeyError for an id that is not live."""
        cdef llt_l3_status status = llt_l3_cancel(&self.raw, id)
        if status != LLT_L3_OK:
            raise _refusal(status, id)

    def replace(self, uint64_t id, uint64_t new_id, int64_t price, uint64_t quantity):
        """The order goes, one of the same side comes at the back of its queue; ``new_id`` may be ``id``.

        Raises KeyError for an id that is not live, ValueError as :meth:`add`; the book is then as before.
        """
        cdef llt_l3_status status = llt_l3_replace(&self.raw, id, new_id, price, quantity)
        if status != LLT_L3_OK:
            raise _refusal(status, id if status != LLT_L3_DUPLICATE and status != LLT_L3_RANGE else new_id)

    def apply(self, operations):
        """Apply an array of OPERATION in order; the GIL is released.

        Raises ValueError with the number (from 0) of the first that is refused; those before it are applied.
        """
        cdef Py_buffer view
        cdef llt_l3_status status
        cdef size_t done, count
        array = np.ascontiguousarray(operations)
        if array.dtype != OPERATION:
            raise ValueError(f"operations of type {array.dtype}: OPERATION is wanted")
        kinds, sides = array["kind"], array["side"]
        if len(array) and not (ADD <= kinds.min() and kinds.max() <= EXECUTE and sides.max() <= ASK):
            raise ValueError("operations hold a kind or a side that there is not")
        PyObject_GetBuffer(array, &view, PyBUF_SIMPLE)
        try:
            count = view.len // sizeof(llt_l3_operation)
            with nogil:
                done = llt_l3_apply_many(&self.raw, <const llt_l3_operation *>view.buf, count, &status)
        finally:
            PyBuffer_Release(&view)
        if status != LLT_L3_OK:
            raise ValueError(f"operation {done}: {_refusal(status, int(array['id'][done]))!r}")

    def order(self, uint64_t id):
        """(side, price, quantity left) of a live order. Raises KeyError."""
        cdef uint32_t number = llt_l3_find(&self.raw, id)
        cdef llt_l3_order *order
        if number == 0:
            raise KeyError(id)
        order = &self.raw.orders[number]
        return order.side, self.raw.levels[order.level].key ^ llt_l3_mirror(order.side), order.quantity

    def position(self, uint64_t id):
        """(orders ahead, quantity ahead) in the queue of its level; walks from the front. Raises KeyError."""
        cdef uint32_t number = llt_l3_find(&self.raw, id), at
        cdef uint64_t orders = 0, quantity = 0
        if not self.raw.queues:
            raise ValueError("this book keeps no queues")
        if number == 0:
            raise KeyError(id)
        with nogil:
            at = self.raw.levels[self.raw.orders[number].level].head
            while at != number:
                orders += 1
                quantity += self.raw.orders[at].quantity
                at = self.raw.orders[at].next
        return orders, quantity

    def queue(self, side, int64_t price):
        """Ids of the orders of one level, first in line first; empty when there is no such level."""
        cdef unsigned which = _side(side)
        cdef uint32_t at
        if not self.raw.queues:
            raise ValueError("this book keeps no queues")
        at = _level_number(&self.raw, which, price)
        at = self.raw.levels[at].head if at else 0
        ids = []
        while at != 0:
            ids.append(self.raw.orders[at].id)
            at = self.raw.orders[at].next
        return ids

    @property
    def best_bid(self):
        """(price, quantity, orders) of the highest bid; None when there is none."""
        return _best(&self.raw, LLT_L3_BID)

    @property
    def best_ask(self):
        """(price, quantity, orders) of the lowest ask; None when there is none."""
        return _best(&self.raw, LLT_L3_ASK)

    def levels(self, side, count=None):
        """List of (price, quantity, orders) from the best level on; all of them, or the first ``count``."""
        cdef unsigned which = _side(side)
        cdef llt_price_index *index = &self.raw.sides[which]
        cdef int64_t key
        cdef uint32_t number
        found = []
        if llt_price_index_empty(index):
            return found
        key = llt_price_index_best_key(index)
        number = llt_price_index_best(index)
        while count is None or <size_t>len(found) < count:
            found.append((
                key ^ llt_l3_mirror(which), self.raw.levels[number].quantity, self.raw.levels[number].count))
            if not llt_price_index_next(index, &key, &number):
                break
        return found


cdef extern from "llt_price_index.h" nogil:
    uint32_t llt_price_index_get(const llt_price_index *index, int64_t key)


cdef uint32_t _level_number(const llt_l3_book *book, unsigned side, int64_t price) noexcept nogil:
    return llt_price_index_get(&book.sides[side], price ^ llt_l3_mirror(side))


cdef object _best(const llt_l3_book *book, unsigned side):
    cdef int64_t price
    cdef const llt_l3_level *level
    if not llt_l3_best(book, side, &price):
        return None
    level = &book.levels[llt_price_index_best(&book.sides[side])]
    return price, level.quantity, level.count
