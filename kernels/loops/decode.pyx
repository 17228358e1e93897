"""Decoding market data and order messages: Binance JSON, SBE and FIX, over a list of messages that repeats."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.binance_json cimport (
    LLT_BINANCE_PADDING,
    llt_binance_event,
    llt_binance_level,
    llt_binance_parser,
    llt_binance_parser_of,
)
from lltool.kernels.cpu cimport llt_cpu_name, llt_cpu_path, path_named
from lltool.kernels.fix cimport Fields, llt_fix_decimal, llt_fix_fields, llt_fix_parser, llt_fix_parser_of
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.sbe cimport llt_sbe_parse, llt_sbe_trade

JSON = 0
SBE = 1
FIX = 2

cdef enum:
    LEVELS = 4096
    QUANTITY_TAG = 38
    PRICE_TAG = 44


cdef struct Decoder:
    int format
    llt_binance_parser *json
    llt_fix_parser *fix
    llt_binance_event event
    llt_binance_level *levels
    llt_sbe_trade *trades
    llt_fix_fields *fields


cdef bint _decode(Decoder *decoder, const unsigned char *text, size_t size) noexcept nogil:
    """Whether the message was good; its numbers are converted."""
    cdef size_t count, total, position, at
    cdef int64_t value
    if decoder.format == 0:
        if decoder.json(
                text, size, size + LLT_BINANCE_PADDING, &decoder.event, decoder.levels, LEVELS, &position) != 0:
            return False
    elif decoder.format == 1:
        if llt_sbe_parse(
                text, size, &decoder.event, decoder.levels, decoder.trades, LEVELS, &count, &position) != 0:
            return False
    else:
        if decoder.fix(text, size, decoder.fields, &total, &position) != 0:
            return False
        for at in range(decoder.fields.count):
            if decoder.fields.tags[at] == PRICE_TAG or decoder.fields.tags[at] == QUANTITY_TAG:
                if not llt_fix_decimal(text, decoder.fields, at, &value):
                    return False
                llt_keep(<uint64_t>value)
    llt_keep(decoder.event.last_update_id)
    return True


@cython.final
cdef class Messages:
    """``messages`` of one ``format`` (JSON, SBE, FIX), decoded in turn without end by ``path`` (widest unless named).

    Each lies in a line of its own with padding behind it, as in a receive buffer.

    Raises ValueError for an empty list, another format or path, MemoryError.
    """

    cdef Decoder decoder
    cdef unsigned char *texts
    cdef size_t *offsets
    cdef size_t *sizes
    cdef size_t length
    cdef size_t position
    cdef llt_cpu_path chosen
    cdef Fields fields

    def __cinit__(self, messages, int format, path=None):
        cdef size_t at, offset = 0
        self.length = len(messages)
        if self.length == 0 or not JSON <= format <= FIX:
            raise ValueError(f"{self.length} messages of format {format}: at least one of JSON, SBE or FIX is wanted")
        self.chosen = path_named(path)
        self.decoder.format = format
        self.decoder.json = llt_binance_parser_of(self.chosen)
        self.decoder.fix = llt_fix_parser_of(self.chosen)
        self.fields = Fields()
        self.fields.reserve(max(map(len, messages)))
        self.decoder.fields = &self.fields.raw
        total = sum(len(message) + LLT_BINANCE_PADDING for message in messages)
        self.texts = <unsigned char *>malloc(total)
        self.offsets = <size_t *>malloc(self.length * sizeof(size_t))
        self.sizes = <size_t *>malloc(self.length * sizeof(size_t))
        self.decoder.levels = <llt_binance_level *>malloc(LEVELS * sizeof(llt_binance_level))
        self.decoder.trades = <llt_sbe_trade *>malloc(LEVELS * sizeof(llt_sbe_trade))
        if (self.texts is NULL or self.offsets is NULL or self.sizes is NULL or self.decoder.levels is NULL
                or self.decoder.trades is NULL):
            raise MemoryError(f"no memory for {total} bytes of messages")
        memset(self.texts, 0, total)
        for at in range(self.length):
            message = bytes(messages[at])
            memcpy(self.texts + offset, <const char *>message, len(message))
            self.offsets[at] = offset
            self.sizes[at] = len(message)
            offset += len(message) + LLT_BINANCE_PADDING

    def __dealloc__(self):
        free(self.texts)
        free(self.offsets)
        free(self.sizes)
        free(self.decoder.levels)
        free(self.decoder.trades)

    def __len__(self):
        return self.length

    @property
    def path(self):
        """Name of the path that runs."""
        return llt_cpu_name(self.chosen).decode()

    def block(self, size_t count):
        """Decode the next ``count`` in one stretch: ``(ticks, good messages)``."""
        cdef uint64_t start, stop
        cdef size_t _, good = 0, at = self.position
        with nogil:
            start = llt_ticks_start()
            for _ in range(count):
                good += _decode(&self.decoder, self.texts + self.offsets[at], self.sizes[at])
                at = at + 1 if at + 1 < self.length else 0
            stop = llt_ticks_stop()
        self.position = at
        return stop - start, good

    def each(self, Recorder recorder, size_t count):
        """Decode the next ``count`` and record the ticks of each; returns how many were good."""
        cdef llt_recorder *raw = recorder.raw
        cdef uint64_t start
        cdef size_t _, good = 0, at = self.position
        with nogil:
            for _ in range(count):
                start = llt_ticks_start()
                good += _decode(&self.decoder, self.texts + self.offsets[at], self.sizes[at])
                llt_record(raw, llt_ticks_stop() - start)
                at = at + 1 if at + 1 < self.length else 0
        self.position = at
        return good
