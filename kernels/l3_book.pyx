"""Order-by-order books of one venue: orders by id, first in first out, levels with totals and counts.

Ids and layout: ``include/llt_l3_book.h`` and what it includes. Chapter exercise 5.2.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

from lltool.kernels.record_type cimport RecordTypes

BID = LLT_L3_BID
ASK = LLT_L3_ASK
ADD = LLT_L3_ADD
REDUCE = LLT_L3_REDUCE
CANCEL = LLT_L3_CANCEL
REPLACE = LLT_L3_REPLACE
EXECUTE = LLT_L3_EXECUTE

cdef RecordTypes _TYPES = RecordTypes(
    __name__,
    OPERATION=(
        [
            ("id", "<u8"), ("new_id", "<u8"), ("price", "<i8"), ("quantity", "<u8"), ("kind", "u1"), ("side", "u1"),
            ("reserved", "V2"), ("book", "<u4"),
        ],
        sizeof(llt_l3_operation),
    ),
)


def __getattr__(str name):
    """OPERATION: NumPy is loaded by who asks for it."""
    return _TYPES.named(name)


cdef object _refusal(llt_l3_status status, id):
    if status == LLT_L3_UNKNOWN:
        return KeyError(id)
    if status == LLT_L3_MEMORY:
        return MemoryError(f"order {id}: no memory for it")
    return ValueError({
        LLT_L3_DUPLICATE: f"order {id}: an order of this id is live",
        LLT_L3_QUANTITY: f"order {id}: a quantity of 0, more than the order has left, or too much for its level",
        LLT_L3_RANGE: f"order {id}: outside the span of ids, or of a book that there is not",
    }[status])


@cython.final
cdef class L3Book:
    """Live orders of one instrument, or of ``books`` of them (numbered from 0) that share their order ids.

    Ids are any uint64, prices any int64 (ticks), quantities 1 .. 2^64 - 1.

    ``orders`` can be live without taking memory later; more are taken when needed, without a pause for a copy: what is
    new is touched as it is used, on huge pages where the kernel's ``transparent_hugepage`` gives them.
    ``dense=(first, span)`` says that ids lie in ``first .. first + span - 1``: found without a search, memory follows
    the highest id used; other ids are refused. With ``queues=False`` only totals and counts are kept: quicker, and
    :meth:`position` and :meth:`queue` are refused. A record has 16 bytes with ``dense`` and without queues, else 32.
    One thread owns a book.

    Raises ValueError for sizes that are none, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, orders=1024, *, dense=None, queues=True, books=1):
        first, span = (0, 0) if dense is None else dense
        if not 0 <= orders < (1 << 32) - 2:
            raise ValueError(f"orders {orders}: not a number of orders below 2^32 - 2")
        if dense is not None and not (0 < span < (1 << 32) - 2 and 0 <= first <= (1 << 64) - span):
            raise ValueError(f"dense {dense}: not a first id and a number of ids below 2^32 - 2")
        if not 0 < books < 1 << 24:
            raise ValueError(f"books {books}: not a number of books below 2^24")
        if llt_l3_init(&self.raw, orders, first, span, queues, books) != 0:
            raise MemoryError(f"no memory for a book of {orders} orders")

    def __dealloc__(self):
        llt_l3_destroy(&self.raw)

    def __len__(self):
        return self.raw.live

    def __contains__(self, uint64_t id):
        return llt_l3_find(&self.raw, id) != 0

    cdef unsigned side_of(self, side, book) except? 0xffffffff:
        if not 0 <= book < self.raw.books:
            raise ValueError(f"book {book!r}: there are {self.raw.books}, numbered from 0")
        if side != LLT_L3_BID and side != LLT_L3_ASK:
            raise ValueError(f"side {side!r} is neither BID ({BID}) nor ASK ({ASK})")
        return 2 * <unsigned>book + <unsigned>side

    def add(self, uint64_t id, side, int64_t price, uint64_t quantity, book=0):
        """A new order at the back of its queue. Raises ValueError for a live id, a quantity of 0, an id out of span."""
        cdef llt_l3_status status = llt_l3_add(&self.raw, id, self.side_of(side, book), price, quantity)
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
        """The order goes, one of the same side and book comes at the back of its queue; ``new_id`` may be ``id``.

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
        import numpy as np

        array = np.ascontiguousarray(operations)
        if array.dtype != _TYPES.named("OPERATION"):
            raise ValueError(f"operations of type {array.dtype}: OPERATION is wanted")
        kinds, sides, books = array["kind"], array["side"], array["book"]
        if len(array) and not (
                ADD <= kinds.min() and kinds.max() <= EXECUTE and sides.max() <= ASK
                and books.max() < self.raw.books):
            raise ValueError("operations hold a kind, a side or a book that there is not")
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
        cdef uint32_t level = self.level_of(id)
        return llt_l3_levels_get(&self.raw.levels, level).side & 1, self.price(level), self.order_of(id).quantity

    def book(self, uint64_t id):
        """Number of the book that a live order is in. Raises KeyError."""
        return llt_l3_levels_get(&self.raw.levels, self.level_of(id)).side >> 1

    cdef const llt_l3_order *order_of(self, uint64_t id) except NULL:
        cdef uint32_t number = llt_l3_find(&self.raw, id)
        if number == 0:
            raise KeyError(id)
        return llt_l3_order_of(&self.raw, number)

    cdef uint32_t level_of(self, uint64_t id) except 0:
        return self.order_of(id).level

    cdef object price(self, uint32_t level):
        cdef unsigned side = llt_l3_levels_get(&self.raw.levels, level).side
        return llt_l3_levels_key(&self.raw.levels, level) ^ llt_l3_mirror(side)

    def position(self, uint64_t id):
        """(orders ahead, quantity ahead) in the queue of its level; walks from the front. Raises KeyError."""
        cdef uint32_t number = llt_l3_find(&self.raw, id), at
        cdef uint64_t orders = 0, quantity = 0
        if not self.raw.queues:
            raise ValueError("this book keeps no queues")
        if number == 0:
            raise KeyError(id)
        with nogil:
            at = llt_l3_levels_ends(&self.raw.levels, llt_l3_order_of(&self.raw, number).level).front
            while at != number:
                orders += 1
                quantity += llt_l3_order_of(&self.raw, at).quantity
                at = llt_l3_orders_links(&self.raw.orders, at).next
        return orders, quantity

    def queue(self, side, int64_t price, book=0):
        """Ids of the orders of one level, first in line first; empty when there is no such level."""
        cdef unsigned which = self.side_of(side, book)
        cdef uint32_t at
        if not self.raw.queues:
            raise ValueError("this book keeps no queues")
        at = llt_l3_levels_find(&self.raw.levels, which, price ^ llt_l3_mirror(which))
        at = llt_l3_levels_ends(&self.raw.levels, at).front if at else 0
        ids = []
        while at != 0:
            ids.append(llt_l3_id(&self.raw, at))
            at = llt_l3_orders_links(&self.raw.orders, at).next
        return ids

    def best(self, side, book=0):
        """(price, quantity, orders) of the best level of a side; None when it is empty."""
        cdef unsigned which = self.side_of(side, book)
        cdef const llt_price_index *index = &self.raw.levels.sides[which]
        if llt_price_index_empty(index):
            return None
        return self.level(llt_price_index_best(index))

    @property
    def best_bid(self):
        """:meth:`best` bid of book 0."""
        return self.best(LLT_L3_BID)

    @property
    def best_ask(self):
        """:meth:`best` ask of book 0."""
        return self.best(LLT_L3_ASK)

    cdef object level(self, uint32_t number):
        cdef const llt_l3_level *level = llt_l3_levels_get(&self.raw.levels, number)
        return self.price(number), level.quantity, level.count

    def levels(self, side, count=None, book=0):
        """List of (price, quantity, orders) from the best level on; all of them, or the first ``count``."""
        cdef unsigned which = self.side_of(side, book)
        cdef const llt_price_index *index = &self.raw.levels.sides[which]
        cdef int64_t key
        cdef uint32_t number
        found = []
        if llt_price_index_empty(index):
            return found
        key = index.best
        number = llt_price_index_best(index)
        while count is None or <size_t>len(found) < count:
            found.append(self.level(number))
            if not llt_price_index_next(index, &key, &number):
                break
        return found
