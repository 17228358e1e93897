"""Log of a hot thread: it writes numbers, another thread makes text of them.

Record and ordering: ``include/llt_log.h``. Chapter 5.1.2 (logging is off the critical path).
"""

from collections import namedtuple

cimport cython
from libc.stdint cimport UINT64_MAX
from libc.stdlib cimport free

from lltool.kernels.atomic cimport LLT_LINE, llt_load_relaxed, llt_store_relaxed
from lltool.kernels.spsc cimport (
    LLT_SPSC_SEQUENCED,
    llt_seq_peek,
    llt_seq_release,
    llt_spsc_create,
    llt_spsc_destroy,
    llt_spsc_length,
    llt_spsc_start_consumer,
    llt_spsc_start_producer,
)

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

Entry = namedtuple("Entry", "ticks code text")
Entry.__doc__ = "``ticks`` of the tick counter when it was written, the one-byte ``code``, the ``text`` made of both."


@cython.final
cdef class LogRing:
    """A ring of at least ``capacity`` records of up to 5 whole numbers each. One thread writes, one other drains.

    Register every text before the writer starts. Raises ValueError for a capacity below 1, MemoryError.
    """

    def __cinit__(self, capacity):
        if capacity < 1:
            raise ValueError(f"capacity {capacity}: a log holds at least 1 record")
        self.texts = []
        if capacity <= UINT64_MAX:
            self.ring = llt_spsc_create(LLT_SPSC_SEQUENCED, capacity, sizeof(llt_log_record), 0)
        self.sides = <LogSides *>aligned_alloc(LLT_LINE, sizeof(LogSides))
        if self.ring is NULL or self.sides is NULL:
            raise MemoryError(f"no memory for a log of {capacity} records")
        llt_spsc_start_producer(&self.sides.log.out, self.ring)
        llt_spsc_start_consumer(&self.sides.consumer, self.ring)
        llt_store_relaxed(&self.sides.log.dropped, 0)

    def __dealloc__(self):
        llt_spsc_destroy(self.ring)
        free(self.sides)

    def register(self, str text):
        """The number of an event whose ``text`` has a ``{}`` for each number that is logged with it (at most 5).

        Raises ValueError for a text that takes more.
        """
        try:
            text.format(*range(LLT_LOG_ARGUMENTS))
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError(f"text {text!r} does not take up to {LLT_LOG_ARGUMENTS} whole numbers: {error}") from error
        self.texts.append(text)
        return len(self.texts) - 1

    def write(self, uint32_t event, *numbers, uint8_t code=0):
        """Log an event; False when the ring was full and the record is dropped.

        Raises ValueError for an event that is not registered or more than 5 numbers, OverflowError outside int64.
        """
        cdef int64_t[LLT_LOG_ARGUMENTS] arguments
        cdef size_t count = len(numbers), at
        if event >= len(self.texts):
            raise ValueError(f"event {event} is not registered")
        if count > LLT_LOG_ARGUMENTS:
            raise ValueError(f"{count} numbers: a record holds {LLT_LOG_ARGUMENTS}")
        for at in range(count):
            arguments[at] = numbers[at]
        return llt_log_write(&self.sides.log, event, code, arguments, <uint8_t>count)

    def drain(self):
        """Take every record out and return them as :class:`Entry`, oldest first. The other thread only."""
        cdef const llt_log_record *record
        cdef list entries = []
        cdef size_t at
        while True:
            record = <const llt_log_record *>llt_seq_peek(&self.sides.consumer)
            if record is NULL:
                return entries
            numbers = [record.arguments[at] for at in range(record.count)]
            event, code, ticks = record.event, record.code, record.ticks
            llt_seq_release(&self.sides.consumer)
            entries.append(Entry(ticks, code, _render(self.texts, event, numbers)))

    def __len__(self):
        return llt_spsc_length(self.ring)

    @property
    def dropped(self):
        """Records that found the ring full."""
        return llt_load_relaxed(&self.sides.log.dropped)


cdef _render(list texts, size_t event, list numbers):
    # Written by nogil code with an event or a count of its own: the numbers are still worth reading.
    if event < <size_t>len(texts):
        try:
            return texts[event].format(*numbers)
        except IndexError:
            return f"{texts[event]} {numbers}"
    return f"event {event} {numbers}"
