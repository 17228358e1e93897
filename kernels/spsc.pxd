from libc.stdint cimport uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64


cdef extern from "llt_spsc.h" nogil:
    ctypedef enum llt_spsc_layout:
        LLT_SPSC_SEQUENCED
        LLT_SPSC_INDEXED

    ctypedef enum llt_spsc_fault:
        LLT_SPSC_OK
        LLT_SPSC_TOO_SHORT
        LLT_SPSC_NOT_A_RING
        LLT_SPSC_OTHER_VERSION
        LLT_SPSC_BAD_SIZES
        LLT_SPSC_BAD_INDICES

    ctypedef struct llt_spsc:
        llt_spsc_layout layout
        uint64_t capacity
        uint64_t record_size
        llt_atomic_u64 producer_pid
        llt_atomic_u64 consumer_pid

    ctypedef struct llt_spsc_producer:
        llt_spsc *ring
        uint64_t limit

    ctypedef struct llt_spsc_consumer:
        llt_spsc *ring
        uint64_t seen

    uint64_t llt_spsc_round_capacity(uint64_t capacity)
    size_t llt_spsc_bytes(llt_spsc_layout layout, uint64_t capacity, size_t record_size)
    llt_spsc *llt_spsc_create(llt_spsc_layout layout, uint64_t capacity, size_t record_size, uint64_t first_index)
    void llt_spsc_init(
        llt_spsc *ring, llt_spsc_layout layout, uint64_t capacity, size_t record_size, uint64_t first_index)
    llt_spsc_fault llt_spsc_validate(const llt_spsc *ring, size_t mapped)
    void llt_spsc_destroy(llt_spsc *ring)
    void llt_spsc_start_producer(llt_spsc_producer *side, llt_spsc *ring)
    void llt_spsc_start_consumer(llt_spsc_consumer *side, llt_spsc *ring)
    uint64_t llt_spsc_length(const llt_spsc *ring)
    void llt_spsc_close(llt_spsc *ring)
    bint llt_spsc_is_closed(const llt_spsc *ring)


cdef extern from "llt_spsc_sequenced.h" nogil:
    void *llt_seq_reserve(llt_spsc_producer *side)
    void llt_seq_commit(llt_spsc_producer *side)
    const void *llt_seq_peek(const llt_spsc_consumer *side)
    void llt_seq_release(llt_spsc_consumer *side)
    bint llt_seq_try_push(llt_spsc_producer *side, const void *record, size_t record_size)
    bint llt_seq_try_pop(llt_spsc_consumer *side, void *record, size_t record_size)
    size_t llt_seq_push_batch(llt_spsc_producer *side, const void *records, size_t count, size_t record_size)
    size_t llt_seq_pop_batch(llt_spsc_consumer *side, void *records, size_t count, size_t record_size)


cdef extern from "llt_spsc_indexed.h" nogil:
    void *llt_idx_reserve(llt_spsc_producer *side)
    void llt_idx_commit(llt_spsc_producer *side, size_t count)
    const void *llt_idx_peek(llt_spsc_consumer *side)
    void llt_idx_release(llt_spsc_consumer *side, size_t count)
    bint llt_idx_try_push(llt_spsc_producer *side, const void *record, size_t record_size)
    bint llt_idx_try_pop(llt_spsc_consumer *side, void *record, size_t record_size)
    size_t llt_idx_push_batch(llt_spsc_producer *side, const void *records, size_t count, size_t record_size)
    size_t llt_idx_pop_batch(llt_spsc_consumer *side, void *records, size_t count, size_t record_size)


cdef struct Sides:
    # One line or more apart: each is written by its own thread.
    llt_spsc_producer producer
    llt_spsc_consumer consumer


cdef class SpscRing:
    # In nogil code use `sides.producer` from the one thread that pushes, `sides.consumer` from the one that pops.
    cdef llt_spsc *raw
    cdef Sides *sides
    cdef size_t mapped
    cdef size_t size
    cdef bint sequenced
    cdef bint producing
    cdef bint consuming
    cdef bint producer_split
    cdef bint consumer_split
    cdef readonly object dtype
    cdef _set_up(self, record, layout)
    cdef _allocate_sides(self)
    cdef _hold(self, void *memory, size_t size)
    cdef llt_spsc_producer *take_producer(self) except NULL
    cdef llt_spsc_consumer *take_consumer(self) except NULL


cdef class Producer:
    cdef SpscRing ring
    cdef void *slot
    cdef _refuse_reserved(self)


cdef class Consumer:
    cdef SpscRing ring
    cdef const void *slot
