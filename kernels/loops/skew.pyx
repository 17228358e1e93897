"""How far the tick counters of two cores stand apart, by passing a cache line with a stamp in it.

A stamp taken on the other core between two of this one's cannot lie outside of them unless the counters differ: each
trip bounds the difference from both sides, and many trips narrow the bounds to about one way of the cache line.
"""

from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, INT64_MIN, UINT64_MAX, int64_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

cimport cython

from lltool.kernels.arch cimport llt_ticks_start
from lltool.kernels.atomic cimport LLT_LINE, llt_atomic_u64, llt_load_acquire, llt_store_release

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)


# Both in one cache line. `turn` counts: the asking side makes it odd, the answering side even again; all ones end the
# game. `stamp` is plain: it is written before the release of an even turn and read after the acquire of that turn.
cdef struct Exchange:
    llt_atomic_u64 turn
    uint64_t stamp


cdef struct Bounds:
    int64_t low
    int64_t high


cdef Bounds _ask(Exchange *exchange, size_t trips) noexcept nogil:
    cdef Bounds bounds = Bounds(INT64_MIN, INT64_MAX)
    cdef uint64_t turn = llt_load_acquire(&exchange.turn)
    cdef uint64_t before, after, between
    cdef size_t _trip
    for _trip in range(trips):
        before = llt_ticks_start()
        llt_store_release(&exchange.turn, turn + 1)
        turn += 2
        while llt_load_acquire(&exchange.turn) != turn:
            pass
        between = exchange.stamp
        after = llt_ticks_start()
        bounds.low = max(bounds.low, <int64_t>(between - after))
        bounds.high = min(bounds.high, <int64_t>(between - before))
    return bounds


cdef void _answer(Exchange *exchange) noexcept nogil:
    cdef uint64_t turn
    while True:
        turn = llt_load_acquire(&exchange.turn)
        if turn == UINT64_MAX:
            return
        if turn & 1:
            exchange.stamp = llt_ticks_start()
            llt_store_release(&exchange.turn, turn + 1)


@cython.final
cdef class Skew:
    """One cache line that two threads pass to and fro, for one game. Neither side sleeps: each needs its own core."""

    cdef Exchange *exchange

    def __cinit__(self):
        self.exchange = <Exchange *>aligned_alloc(LLT_LINE, LLT_LINE)
        if self.exchange == NULL:
            raise MemoryError("no memory for a cache line")
        memset(self.exchange, 0, LLT_LINE)

    def __dealloc__(self):
        free(self.exchange)

    def answer(self):
        """Stamp every trip until :meth:`stop`; runs without the GIL, in a thread pinned elsewhere."""
        with nogil:
            _answer(self.exchange)

    def ask(self, size_t trips):
        """Bounds of the other core's counter minus this one's, in ticks: ``(low, high)`` over ``trips`` trips.

        ``low > high`` means that the difference changed meanwhile. Waits for the answering thread as long as that
        takes. Raises ``ValueError`` for no trips.
        """
        cdef Bounds bounds
        if trips == 0:
            raise ValueError("0 trips bound nothing")
        with nogil:
            bounds = _ask(self.exchange, trips)
        return bounds.low, bounds.high

    def stop(self):
        """End :meth:`answer`, after the last :meth:`ask`."""
        llt_store_release(&self.exchange.turn, UINT64_MAX)
