"""A stream of level updates applied to an L2 book, or to the chapter's trees, both best prices read after each."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.l2_book cimport LLT_ASK, LLT_BID, L2Book, llt_l2_book, llt_l2_price, llt_l2_update
from lltool.kernels.loops.loop cimport Loop, repeat
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef extern from "llt_sketch_book.h" nogil:
    ctypedef struct llt_sketch_side:
        uint64_t state

    int llt_sketch_update(llt_sketch_side *side, int64_t key, uint64_t quantity)
    bint llt_sketch_best(const llt_sketch_side *side, int64_t *key)
    void llt_sketch_destroy(llt_sketch_side *side)


cdef struct Update:
    int64_t price
    uint64_t quantity
    size_t side


cdef inline void _keep_best(const llt_l2_book *book) noexcept nogil:
    if book.sides[LLT_BID].count and book.sides[LLT_ASK].count:
        llt_keep(<uint64_t>llt_l2_price(&book.sides[LLT_BID], 0))
        llt_keep(<uint64_t>llt_l2_price(&book.sides[LLT_ASK], 0))


cdef inline int _apply(llt_l2_book *book, const Update *update) noexcept nogil:
    cdef int failed = llt_l2_update(&book.sides[update.side], update.price, update.quantity)
    _keep_best(book)
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


cdef inline int _apply_to_trees(llt_sketch_side *trees, const Update *update) noexcept nogil:
    # Asks are mirrored, so that the best is the highest key on both sides.
    cdef int64_t key = ~update.price if update.side == LLT_ASK else update.price
    cdef int failed = llt_sketch_update(&trees[update.side], key, update.quantity)
    if llt_sketch_best(&trees[LLT_BID], &key):
        llt_keep(<uint64_t>key)
    if llt_sketch_best(&trees[LLT_ASK], &key):
        llt_keep(<uint64_t>~key)
    return failed


@cython.final
cdef class Trees:
    """The updates of a :class:`Stream` applied to a tree a side, as the chapter's book does."""

    cdef Stream stream
    cdef llt_sketch_side[2] trees

    def __cinit__(self, Stream stream not None):
        self.stream = stream

    def __dealloc__(self):
        llt_sketch_destroy(&self.trees[0])
        llt_sketch_destroy(&self.trees[1])

    def follow(self, Stream stream not None):
        """Go on with the updates of another stream."""
        self.stream = stream

    def best(self):
        """(bid price, ask price), None where there is none."""
        cdef int64_t bid, ask
        return (
            bid if llt_sketch_best(&self.trees[LLT_BID], &bid) else None,
            ~ask if llt_sketch_best(&self.trees[LLT_ASK], &ask) else None,
        )

    def block(self, size_t count):
        """Apply the next ``count`` updates in one stretch; returns their length in ticks."""
        cdef uint64_t start, stop
        cdef size_t at = self.stream.position, _
        cdef int failed = 0
        with nogil:
            start = llt_ticks_start()
            for _ in range(count):
                failed |= _apply_to_trees(self.trees, &self.stream.updates[at])
                at = at + 1 if at + 1 < self.stream.length else 0
            stop = llt_ticks_stop()
        self.stream.position = at
        if failed:
            raise MemoryError("no memory for another level")
        return stop - start

    def each(self, Recorder recorder, size_t count):
        """Apply the next ``count`` updates and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        cdef uint64_t start
        cdef size_t at = self.stream.position, _
        cdef int failed = 0
        with nogil:
            for _ in range(count):
                start = llt_ticks_start()
                failed |= _apply_to_trees(self.trees, &self.stream.updates[at])
                llt_record(raw, llt_ticks_stop() - start)
                at = at + 1 if at + 1 < self.stream.length else 0
        self.stream.position = at
        if failed:
            raise MemoryError("no memory for another level")


cdef void _look(void *book, uint64_t _number) noexcept nogil:
    _keep_best(<llt_l2_book *>book)


cdef uint64_t _looks(void *book, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_look, book, recorder, count)


@cython.final
cdef class Looks(Loop):
    """Both best prices of an L2 book read, with no update between."""

    cdef L2Book book

    def __cinit__(self, L2Book book not None):
        self.book = book
        self.run = _looks
        self.things = &book.raw
