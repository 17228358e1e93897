"""Records from one core to another as fast as they go, one at a time or in batches of 32."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cimport cython

from lltool.kernels.arch cimport llt_keep
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

cdef enum:
    BATCH = 32
    MAX_WORDS = 8


cdef inline void _produce(llt_spsc_producer *out, size_t count, size_t size, bint sequenced) noexcept nogil:
    cdef uint64_t[MAX_WORDS] record
    cdef uint64_t number
    cdef size_t word
    for word in range(MAX_WORDS):
        record[word] = 0
    for number in range(count):
        record[0] = number
        if sequenced:
            while not llt_seq_try_push(out, record, size):
                pass
        else:
            while not llt_idx_try_push(out, record, size):
                pass


cdef inline bint _consume(llt_spsc_consumer *back, size_t count, size_t size, bint sequenced) noexcept nogil:
    cdef uint64_t[MAX_WORDS] record
    cdef uint64_t number, differences = 0
    for number in range(count):
        if sequenced:
            while not llt_seq_try_pop(back, record, size):
                pass
        else:
            while not llt_idx_try_pop(back, record, size):
                pass
        differences |= record[0] ^ number
    return differences == 0


cdef inline void _produce_batches(llt_spsc_producer *out, size_t count, size_t words) noexcept nogil:
    cdef uint64_t[BATCH * MAX_WORDS] records
    cdef size_t number = 0, at, done
    for at in range(BATCH * MAX_WORDS):
        records[at] = 0
    while number < count:
        for at in range(BATCH):
            records[at * words] = number + at
        done = 0
        while done < BATCH:
            done += llt_idx_push_batch(out, records + done * words, BATCH - done, words * 8)
        number += BATCH


cdef inline bint _consume_batches(llt_spsc_consumer *back, size_t count, size_t words) noexcept nogil:
    cdef uint64_t[BATCH * MAX_WORDS] records
    cdef uint64_t differences = 0
    cdef size_t number = 0, at, got
    while number < count:
        got = llt_idx_pop_batch(back, records, BATCH, words * 8)
        for at in range(got):
            differences |= records[at * words] ^ (number + at)
        number += got
    llt_keep(differences)
    return differences == 0


@cython.final
cdef class Flow:
    """A ring of ``capacity`` records of 8 or 64 bytes between a thread in :meth:`produce` and one in :meth:`consume`.

    Both spin and run without the GIL, so each needs its own core. Batches are of 32 records, in the indexed layout.
    Raises ValueError for another record size.
    """

    cdef SpscRing ring

    def __cinit__(self, capacity, size_t record_size, layout):
        if record_size not in (8, 64):
            raise ValueError(f"records of {record_size} bytes: this loop passes 8 or 64")
        self.ring = SpscRing(capacity, record_size, layout)
        self.ring.take_producer()
        self.ring.take_consumer()

    def produce(self, size_t count):
        """Push ``count`` numbered records one at a time."""
        cdef llt_spsc_producer *out = self.ring.take_producer()
        cdef size_t size = self.ring.size
        cdef bint sequenced = self.ring.sequenced
        with nogil:
            # Constants: each case gets its own loop.
            if size == 8:
                if sequenced:
                    _produce(out, count, 8, True)
                else:
                    _produce(out, count, 8, False)
            elif sequenced:
                _produce(out, count, 64, True)
            else:
                _produce(out, count, 64, False)

    def consume(self, size_t count):
        """Pop ``count`` records one at a time; tells whether each had its number."""
        cdef llt_spsc_consumer *back = self.ring.take_consumer()
        cdef size_t size = self.ring.size
        cdef bint sequenced = self.ring.sequenced
        cdef bint complete
        with nogil:
            if size == 8:
                complete = _consume(back, count, 8, True) if sequenced else _consume(back, count, 8, False)
            else:
                complete = _consume(back, count, 64, True) if sequenced else _consume(back, count, 64, False)
        return complete

    def produce_batches(self, size_t count):
        """Push ``count`` records, a multiple of 32, in batches. ValueError for the sequenced layout."""
        cdef llt_spsc_producer *out = self._batches(count)
        cdef size_t size = self.ring.size
        with nogil:
            if size == 8:
                _produce_batches(out, count, 1)
            else:
                _produce_batches(out, count, 8)

    def consume_batches(self, size_t count):
        """Pop ``count`` records in batches of at most 32; tells whether each had its number."""
        self._batches(count)
        cdef llt_spsc_consumer *back = self.ring.take_consumer()
        cdef size_t size = self.ring.size
        cdef bint complete
        with nogil:
            complete = _consume_batches(back, count, 1) if size == 8 else _consume_batches(back, count, 8)
        return complete

    cdef llt_spsc_producer *_batches(self, size_t count) except NULL:
        if self.ring.sequenced or count % BATCH:
            raise ValueError(f"{count} records in the {self.ring.layout} layout: batches are of {BATCH}, indexed")
        return self.ring.take_producer()
