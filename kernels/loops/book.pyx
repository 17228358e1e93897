"""A stream of level updates applied to an L2 book, both best prices read after each."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.l2_book cimport LLT_ASK, LLT_BID, L2Book, llt_l2_book, llt_l2_price, llt_l2_update
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef struct Update:
    int64_t price
    uint64_t quantity
    size_t side


cdef inline int _apply(llt_l2_book *book, const Update *update) noexcept nogil:
    cdef int failed = llt_l2_update(&book.sides[update.side], update.price, update.quantity)
    if book.sides[LLT_BID].count and book.sides[LLT_ASK].count:
        llt_keep(<uint64_t>llt_l2_price(&book.sides[LLT_BID], 0))
        llt_keep(<uint64_t>llt_l2_price(&book.sides[LLT_ASK], 0))
    return failed


cdef uint64_t _block(
        llt_l2_book *book, const Update *updates, size_t length, size_t *position, size_t count,
        int *failed) noexcept nogil:
    cdef size_t at = position[0], _
    cdef int any_failed = 0
    cdef uint64_t start = llt_ticks_start()
    cdef uint64_t stop
    for _ in range(count):
        any_failed |= _apply(book, &updates[at])
        at = at + 1 if at + 1 < length else 0
    stop = llt_ticks_stop()
    position[0] = at
    failed[0] = any_failed
    return stop - start


cdef int _each(
        llt_l2_book *book, const Update *updates, size_t length, size_t *position, size_t count,
        llt_recorder *recorder) noexcept nogil:
    cdef size_t at = position[0], _
    cdef int failed = 0
    cdef uint64_t start
    for _ in range(count):
        start = llt_ticks_start()
        failed |= _apply(book, &updates[at])
        llt_record(recorder, llt_ticks_stop() - start)
        at = at + 1 if at + 1 < length else 0
    position[0] = at
    return failed


@cython.final
cdef class Stream:
    """Updates ``(side, price, quantity)`` in the order given, repeated without end.

    Raises ValueError for an empty list or a side that is neither BID nor ASK, OverflowError for a number that does
    not fit.
    """

    cdef Update *updates
    cdef size_t length
    cdef size_t position

    def __cinit__(self, updates):
        cdef size_t at
        self.length = len(updates)
        if self.length == 0:
            raise ValueError("a stream has at least one update")
        self.updates = <Update *>malloc(self.length * sizeof(Update))
        if self.updates is NULL:
            raise MemoryError(f"no memory for {self.length} updates")
        for at in range(self.length):
            side, price, quantity = updates[at]
            if side != LLT_BID and side != LLT_ASK:
                raise ValueError(f"update {at}: side {side!r} is neither BID ({LLT_BID}) nor ASK ({LLT_ASK})")
            self.updates[at] = Update(price, quantity, side)

    def __dealloc__(self):
        free(self.updates)

    def __len__(self):
        return self.length

    def block(self, L2Book book, size_t count):
        """Apply the next ``count`` updates in one stretch; returns their length in ticks."""
        cdef uint64_t ticks
        cdef int failed
        cdef llt_l2_book *raw = &book.raw
        with nogil:
            ticks = _block(raw, self.updates, self.length, &self.position, count, &failed)
        if failed:
            raise MemoryError("no memory for another level")
        return ticks

    def each(self, L2Book book, Recorder recorder, size_t count):
        """Apply the next ``count`` updates and record the ticks of each."""
        cdef int failed
        cdef llt_l2_book *raw = &book.raw
        cdef llt_recorder *recorder_raw = recorder.raw
        with nogil:
            failed = _each(raw, self.updates, self.length, &self.position, count, recorder_raw)
        if failed:
            raise MemoryError("no memory for another level")
