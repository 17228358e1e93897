"""Records through a ring on one core: push and pop in turn, and batches. The chapter's ring beside ours.

A ring's calls are compiled into the loop that makes them, so the loop is there twice: portable, and for AVX2,
where 64 bytes are two moves and not four.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.atomic cimport LLT_LINE
from lltool.kernels.cpu cimport LLT_CPU_AVX2, LLT_CPU_SCALAR, llt_cpu_name, llt_cpu_path, path_named
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.sketches cimport llt_sketch_pop, llt_sketch_push, llt_sketch_ring
from lltool.kernels.spsc cimport (
    SpscRing,
    llt_idx_pop_batch,
    llt_idx_push_batch,
    llt_idx_try_pop,
    llt_idx_try_push,
    llt_seq_try_pop,
    llt_seq_try_push,
    llt_spsc_consumer,
    llt_spsc_producer,
)

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef extern from *:
    # Cython has no attributes of functions; this declaration gives one to a function below.
    """
    #include "llt_cpu.h"
    static LLT_TARGET_AVX2 uint64_t llt_block_64_avx2(const void *ends, int sequenced, size_t passes);
    """

cdef enum:
    SLOTS = 1024
    SKETCH_SLOTS = 1000  # as the chapter's buffers: no power of two
    WORDS = 8
    BATCH = 32

cdef enum Kind:
    SEQUENCED_8
    SEQUENCED_64
    INDEXED_8
    INDEXED_64
    BATCH_8
    BATCH_64
    SKETCH_8

KINDS = {
    "sequenced 8": SEQUENCED_8,
    "sequenced 64": SEQUENCED_64,
    "indexed 8": INDEXED_8,
    "indexed 64": INDEXED_64,
    "batch 8": BATCH_8,
    "batch 64": BATCH_64,
    "sketch 8": SKETCH_8,
}


cdef struct Ends:
    llt_spsc_producer *out
    llt_spsc_consumer *back
    llt_sketch_ring *sketch
    uint64_t *records


cdef inline void _write(uint64_t *records, size_t words, uint64_t value) noexcept nogil:
    # All of it: a copy that reads a word just written together with older ones waits for the store to finish.
    cdef size_t word
    for word in range(words):
        records[word] = value


cdef inline void _pass(Ends ends, Kind kind, uint64_t value) noexcept nogil:
    # `kind` is a constant where this is inlined: one branch of these is left, with copies of a known size.
    cdef uint64_t *records = ends.records
    cdef uint64_t one
    _write(records, WORDS if kind == SEQUENCED_64 or kind == INDEXED_64 else 1, value)
    if kind == SEQUENCED_8:
        llt_seq_try_push(ends.out, records, 8)
        llt_seq_try_pop(ends.back, records, 8)
    elif kind == SEQUENCED_64:
        llt_seq_try_push(ends.out, records, 64)
        llt_seq_try_pop(ends.back, records, 64)
    elif kind == INDEXED_8:
        llt_idx_try_push(ends.out, records, 8)
        llt_idx_try_pop(ends.back, records, 8)
    elif kind == INDEXED_64:
        llt_idx_try_push(ends.out, records, 64)
        llt_idx_try_pop(ends.back, records, 64)
    elif kind == BATCH_8:
        llt_idx_push_batch(ends.out, records, BATCH, 8)
        llt_idx_pop_batch(ends.back, records, BATCH, 8)
    elif kind == BATCH_64:
        llt_idx_push_batch(ends.out, records, BATCH, 64)
        llt_idx_pop_batch(ends.back, records, BATCH, 64)
    else:
        llt_sketch_push(ends.sketch, value)
        llt_sketch_pop(ends.sketch, &one)
        records[0] = one
    llt_keep(<uint64_t>records)  # with its clobber of memory: the copies have to be made


cdef inline uint64_t _block(Ends ends, Kind kind, size_t passes) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t number
    for number in range(passes):
        _pass(ends, kind, number)
    return llt_ticks_stop() - start


cdef uint64_t _block_64_avx2 "llt_block_64_avx2"(const void *ends, bint sequenced, size_t passes) noexcept nogil:
    if sequenced:
        return _block((<const Ends *>ends)[0], SEQUENCED_64, passes)
    return _block((<const Ends *>ends)[0], INDEXED_64, passes)


cdef inline void _each(Ends ends, Kind kind, llt_recorder *recorder, size_t passes) noexcept nogil:
    cdef uint64_t start
    cdef size_t number
    for number in range(passes):
        start = llt_ticks_start()
        _pass(ends, kind, number)
        llt_record(recorder, llt_ticks_stop() - start)


cdef uint64_t _run(
        Ends ends, Kind kind, llt_cpu_path path, llt_recorder *recorder, size_t passes) noexcept nogil:
    # Block mode where there is no recorder. Each call names its kind as a constant.
    if recorder is NULL:
        if path >= LLT_CPU_AVX2 and (kind == SEQUENCED_64 or kind == INDEXED_64):
            return _block_64_avx2(&ends, kind == SEQUENCED_64, passes)
        if kind == SEQUENCED_8:
            return _block(ends, SEQUENCED_8, passes)
        if kind == SEQUENCED_64:
            return _block(ends, SEQUENCED_64, passes)
        if kind == INDEXED_8:
            return _block(ends, INDEXED_8, passes)
        if kind == INDEXED_64:
            return _block(ends, INDEXED_64, passes)
        if kind == BATCH_8:
            return _block(ends, BATCH_8, passes)
        if kind == BATCH_64:
            return _block(ends, BATCH_64, passes)
        return _block(ends, SKETCH_8, passes)
    # A stamp pair costs more than the dispatch: one loop serves all.
    _each(ends, kind, recorder, passes)
    return 0


@cython.final
cdef class Pass:
    """Records that go into a ring and come out again on the same core; the ring is nearly empty and warm.

    ``kind`` is one of :data:`KINDS`; those of a batch pass 32 records at a time. ``path`` names the widest instruction
    set to use, without it the CPU's own. ValueError for another kind, and for a path that there is not.
    """

    cdef SpscRing ring
    cdef llt_sketch_ring *sketch
    cdef Ends ends
    cdef Kind kind
    cdef llt_cpu_path chosen

    def __cinit__(self, str kind, path=None):
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self.kind = KINDS[kind]
        self.chosen = path_named(path)
        record_size = 64 if kind.endswith("64") else 8
        self.ring = SpscRing(SLOTS, record_size, "sequenced" if kind.startswith("sequenced") else "indexed")
        cdef size_t size = (sizeof(llt_sketch_ring) + LLT_LINE - 1) // LLT_LINE * LLT_LINE
        self.sketch = <llt_sketch_ring *>aligned_alloc(LLT_LINE, size)
        cdef uint64_t *records = <uint64_t *>aligned_alloc(LLT_LINE, BATCH * WORDS * sizeof(uint64_t))
        self.ends = Ends(self.ring.take_producer(), self.ring.take_consumer(), self.sketch, records)
        if self.sketch is NULL or records is NULL:
            raise MemoryError("no memory for a ring and its records")
        memset(self.sketch, 0, sizeof(llt_sketch_ring))
        memset(records, 0, BATCH * WORDS * sizeof(uint64_t))
        self.sketch.capacity = SKETCH_SLOTS

    def __dealloc__(self):
        free(self.sketch)
        free(self.ends.records)

    @property
    def path(self):
        """What the blocks of a kind run: ``avx2`` where that is there and made a difference, else ``scalar``."""
        wide = self.chosen >= LLT_CPU_AVX2 and (self.kind == SEQUENCED_64 or self.kind == INDEXED_64)
        return llt_cpu_name(LLT_CPU_AVX2 if wide else LLT_CPU_SCALAR).decode()

    def block(self, size_t passes):
        """Make ``passes`` in one stretch; returns their length in ticks."""
        cdef uint64_t ticks
        cdef Ends ends = self.ends
        cdef Kind kind = self.kind
        cdef llt_cpu_path path = self.chosen
        with nogil:
            ticks = _run(ends, kind, path, NULL, passes)
        return ticks

    def each(self, Recorder recorder, size_t passes):
        """Make ``passes`` and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        cdef Ends ends = self.ends
        cdef Kind kind = self.kind
        cdef llt_cpu_path path = self.chosen
        with nogil:
            _run(ends, kind, path, raw, passes)
