"""A flow of orders applied to an L3 book, both best prices read after each: as a venue sends them, without end."""

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.l3_book cimport (
    LLT_L3_ADD,
    LLT_L3_CANCEL,
    LLT_L3_OK,
    LLT_L3_REDUCE,
    LLT_L3_REPLACE,
    L3Book,
    llt_l3_apply,
    llt_l3_best,
    llt_l3_book,
    llt_l3_operation,
    llt_l3_prefetch,
)
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

from lltool.kernels import l3_book

cdef enum:
    MIDDLE = 1_000_000
    BOOK_DISTANCE = 10_000
    NEAR_TICKS = 10
    FAR_TICKS = 40
    FARTHEST_TICKS = 2000
    YOUNGEST = 20
    LARGEST_QUANTITY = 1000


cdef struct Order:
    uint64_t id
    uint64_t quantity  # 0: gone
    size_t book
    unsigned side


@cython.final
cdef class Orders:
    """Adds (45 %), cancels (40 %), reductions (5 %), replacements (10 %) that keep about ``live`` orders in ``books``.

    Prices: 80 % within 10 ticks of the middle, 15 % within 40, the rest within 2000; bids stay below asks. 70 % of the
    cancels and the like hit the youngest twentieth of the orders. The first of the books has the most orders. Ids rise
    one by one from 0 and are multiplied by ``scatter`` (odd: none comes twice). The flow is the same in every run.

    ``batch`` looks ahead in the operations that are applied in one stretch. Without a book the operations are for
    another: :meth:`next` gives them, from the first order on. Raises ValueError, MemoryError.
    """

    cdef L3Book book
    cdef llt_l3_operation *operations
    cdef size_t room
    cdef size_t filled
    cdef Order *orders
    cdef size_t length
    cdef size_t orders_room
    cdef size_t live
    cdef size_t wanted
    cdef size_t books
    cdef uint64_t next_id
    cdef uint64_t scatter
    cdef uint64_t state
    cdef bint batch

    def __cinit__(self, L3Book book, size_t live, size_t books=1, uint64_t scatter=1, batch=False):
        if live < 20 or books == 0 or (book is not None and books > book.raw.books) or scatter % 2 == 0:
            raise ValueError(f"{live} orders in {books} books, ids times {scatter}: at least 20, books there are, odd")
        self.book = book
        self.wanted = live
        self.books = books
        self.scatter = scatter
        self.batch = batch
        self.state = 0x9E3779B97F4A7C15
        self.orders_room = live + live // 2 + 64
        self.orders = <Order *>malloc(self.orders_room * sizeof(Order))
        if self.orders is NULL:
            raise MemoryError(f"no memory for {live} orders")
        while book is not None and self.live < live:
            self.fill(1024)
            self.run(1024)

    def __dealloc__(self):
        free(self.orders)
        free(self.operations)

    def __len__(self):
        return self.live

    cdef int fill(self, size_t count) except -1:
        """Makes the next ``count`` operations."""
        cdef void *operations
        if count > self.room:
            operations = realloc(self.operations, count * sizeof(llt_l3_operation))
            if operations is NULL:
                raise MemoryError(f"no memory for {count} operations")
            self.operations = <llt_l3_operation *>operations
            self.room = count
        if not _fill(self, count):
            raise MemoryError(f"no memory for {self.live} orders")
        self.filled = count
        return 0

    cdef int run(self, size_t count) except -1:
        if _block(&self.book.raw, self.operations, count, self.batch) == 0:
            raise ValueError("the book refused an operation: it is not the flow's own")
        return 0

    cdef int needs_book(self) except -1:
        if self.book is None:
            raise ValueError("these operations are for another book")
        return 0

    def next(self, size_t count):
        """The next ``count`` operations, which no book has seen: an array of :data:`l3_book.OPERATION`."""
        cdef Py_buffer view
        import numpy as np

        found = np.empty(count, l3_book.OPERATION)
        self.fill(count)
        PyObject_GetBuffer(found, &view, PyBUF_WRITABLE)
        memcpy(view.buf, self.operations, count * sizeof(llt_l3_operation))
        PyBuffer_Release(&view)
        return found

    def block(self, size_t count):
        """Apply the next ``count`` operations in one stretch; returns its length in ticks."""
        cdef uint64_t ticks
        self.needs_book()
        self.fill(count)
        with nogil:
            ticks = _block(&self.book.raw, self.operations, count, self.batch)
        if ticks == 0:
            raise ValueError("the book refused an operation: it is not the flow's own")
        return ticks

    def quotes(self):
        """Read both best prices of the books of the last operations made, once for each; returns (ticks, how many)."""
        cdef uint64_t start, stop
        cdef size_t at
        self.needs_book()
        with nogil:
            start = llt_ticks_start()
            for at in range(self.filled):
                _best(&self.book.raw, self.operations[at].book)
            stop = llt_ticks_stop()
        return stop - start, self.filled

    def each(self, Recorder recorder, size_t count):
        """Apply the next ``count`` operations and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        cdef bint good
        self.needs_book()
        self.fill(count)
        with nogil:
            good = _each(&self.book.raw, self.operations, count, raw)
        if not good:
            raise ValueError("the book refused an operation: it is not the flow's own")


cdef inline void _best(llt_l3_book *book, size_t number) noexcept nogil:
    cdef int64_t price
    if llt_l3_best(book, <unsigned>(2 * number), &price):
        llt_keep(<uint64_t>price)
    if llt_l3_best(book, <unsigned>(2 * number + 1), &price):
        llt_keep(<uint64_t>price)


cdef uint64_t _block(llt_l3_book *book, const llt_l3_operation *operations, size_t count, bint batch) noexcept nogil:
    """Ticks, never 0; 0 when an operation was refused."""
    cdef uint64_t start = llt_ticks_start()
    cdef size_t at
    for at in range(count):
        if batch:
            llt_l3_prefetch(book, operations + at, count - at)
        if llt_l3_apply(book, &operations[at]) != LLT_L3_OK:
            return 0
        _best(book, operations[at].book)
    return llt_ticks_stop() - start | 1


cdef bint _each(
        llt_l3_book *book, const llt_l3_operation *operations, size_t count, llt_recorder *recorder) noexcept nogil:
    cdef uint64_t start
    cdef size_t at
    for at in range(count):
        start = llt_ticks_start()
        if llt_l3_apply(book, &operations[at]) != LLT_L3_OK:
            return False
        _best(book, operations[at].book)
        llt_record(recorder, llt_ticks_stop() - start)
    return True


cdef uint64_t _random(Orders flow, uint64_t below) noexcept nogil:
    flow.state ^= flow.state << 13
    flow.state ^= flow.state >> 7
    flow.state ^= flow.state << 17
    return (flow.state >> 11) % below


cdef int64_t _price(Orders flow, size_t book, unsigned side) noexcept nogil:
    cdef uint64_t kind = _random(flow, 100)
    cdef uint64_t reach = NEAR_TICKS if kind < 80 else FAR_TICKS if kind < 95 else FARTHEST_TICKS
    cdef int64_t distance = 1 + <int64_t>_random(flow, reach)
    cdef int64_t middle = MIDDLE + <int64_t>book * BOOK_DISTANCE
    return middle + distance if side else middle - distance


cdef bint _append(Orders flow, llt_l3_operation *operation, uint64_t id, size_t book, unsigned side) noexcept nogil:
    """A new order with this id; False: no memory."""
    cdef size_t at, kept = 0, room
    cdef void *orders
    if flow.length == flow.orders_room:
        for at in range(flow.length):
            if flow.orders[at].quantity:
                flow.orders[kept] = flow.orders[at]
                kept += 1
        flow.length = kept
        if kept > flow.orders_room // 4 * 3:
            room = 2 * flow.orders_room
            orders = realloc(flow.orders, room * sizeof(Order))
            if orders is NULL:
                return False
            flow.orders = <Order *>orders
            flow.orders_room = room
    operation.price = _price(flow, book, side)
    operation.quantity = 1 + _random(flow, LARGEST_QUANTITY)
    operation.book = book
    operation.side = <uint8_t>side
    flow.orders[flow.length] = Order(id, operation.quantity, book, side)
    flow.length += 1
    flow.live += 1
    return True


cdef bint _fill(Orders flow, size_t count) noexcept nogil:
    cdef size_t at, place, first
    cdef uint64_t kind
    cdef llt_l3_operation *operation
    cdef Order order
    for at in range(count):
        operation = &flow.operations[at]
        kind = _random(flow, 100)
        if flow.live < flow.wanted:
            kind = 0 if flow.live < YOUNGEST else kind % 52  # grows to what is wanted
        if kind < 45 and flow.live < flow.wanted + flow.wanted // 50 + 2:
            operation.kind = LLT_L3_ADD
            operation.id = flow.next_id * flow.scatter
            place = _random(flow, flow.books) if flow.books > 1 else 0
            # Squeezed towards the first book: the smaller of two.
            first = _random(flow, flow.books) if flow.books > 1 else 0
            if not _append(flow, operation, operation.id, place if place < first else first,
                           <unsigned>_random(flow, 2)):
                return False
            flow.next_id += 1
            continue
        while True:
            first = flow.length - flow.length // YOUNGEST - 1 if _random(flow, 10) < 7 else 0
            place = first + _random(flow, flow.length - first)
            if flow.orders[place].quantity:
                break
        order = flow.orders[place]
        operation.id = order.id
        operation.book = order.book
        operation.side = <uint8_t>order.side
        if kind >= 95 and order.quantity > 1:
            operation.kind = LLT_L3_REDUCE
            operation.quantity = 1 + _random(flow, order.quantity - 1)
            flow.orders[place].quantity -= operation.quantity
            continue
        flow.orders[place].quantity = 0
        flow.live -= 1
        if 85 <= kind < 95:
            operation.kind = LLT_L3_REPLACE
            operation.new_id = flow.next_id * flow.scatter
            if not _append(flow, operation, operation.new_id, order.book, order.side):
                return False
            flow.next_id += 1
        else:
            operation.kind = LLT_L3_CANCEL
    return True
