"""The round trip of one cache line between two cores: how far apart they are."""

from libc.stddef cimport size_t
from libc.stdint cimport UINT64_MAX, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

cimport cython

from lltool.kernels.arch cimport llt_ticks_start, llt_ticks_stop
from lltool.kernels.atomic cimport LLT_LINE, llt_atomic_u64, llt_load_acquire, llt_store_release
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)


# The word counts: the asking side makes it odd, the answering side even again; all ones end the game.
cdef void _ask(llt_atomic_u64 *word, size_t batches, size_t trips, llt_recorder *recorder) noexcept nogil:
    cdef uint64_t turn = llt_load_acquire(word)
    cdef uint64_t start
    cdef size_t _batch, _trip
    for _batch in range(batches):
        start = llt_ticks_start()
        for _trip in range(trips):
            llt_store_release(word, turn + 1)
            turn += 2
            while llt_load_acquire(word) != turn:
                pass
        llt_record(recorder, llt_ticks_stop() - start)


cdef void _answer(llt_atomic_u64 *word) noexcept nogil:
    cdef uint64_t turn
    while True:
        turn = llt_load_acquire(word)
        if turn == UINT64_MAX:
            return
        if turn & 1:
            llt_store_release(word, turn + 1)


@cython.final
cdef class Line:
    """One cache line that two threads pass to and fro, for one game. Neither side sleeps: each needs its own core."""

    cdef llt_atomic_u64 *word

    def __cinit__(self):
        self.word = <llt_atomic_u64 *>aligned_alloc(LLT_LINE, LLT_LINE)
        if self.word == NULL:
            raise MemoryError("no memory for a cache line")
        memset(self.word, 0, LLT_LINE)

    def __dealloc__(self):
        free(self.word)

    def answer(self):
        """Answer every trip until :meth:`stop`; runs without the GIL, in a thread pinned elsewhere."""
        with nogil:
            _answer(self.word)

    def ask(self, Recorder recorder, size_t batches, size_t trips):
        """Time ``batches`` times ``trips`` round trips; each batch is one sample in ticks.

        Waits for the answering thread as long as that takes.
        """
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            _ask(self.word, batches, trips, raw)

    def stop(self):
        """End :meth:`answer`, after the last :meth:`ask`."""
        llt_store_release(self.word, UINT64_MAX)
