"""Decoding market data and order messages: Binance JSON, SBE and FIX, over a list of messages that repeats."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport cython

from lltool.kernels.arch cimport llt_keep
from lltool.kernels.binance_json cimport (
    LLT_BINANCE_PADDING,
    llt_binance_event,
    llt_binance_level,
    llt_binance_parser,
    llt_binance_parser_of,
    llt_binance_path,
)
from lltool.kernels.cpu cimport LLT_CPU_SCALAR, llt_cpu_name, llt_cpu_path, path_named
from lltool.kernels.fix cimport Fields, llt_fix_decimal, llt_fix_fields, llt_fix_parser, llt_fix_parser_of
from lltool.kernels.loops.loop cimport Cycle, take_turns
from lltool.kernels.recorder cimport llt_recorder
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
    unsigned char *texts
    size_t *offsets
    size_t *sizes


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


cdef bint _message(void *things, size_t at) noexcept nogil:
    cdef Decoder *decoder = <Decoder *>things
    return _decode(decoder, decoder.texts + decoder.offsets[at], decoder.sizes[at])


cdef size_t _messages(
        void *things, size_t length, size_t *position, llt_recorder *recorder, size_t count,
        uint64_t *ticks) noexcept nogil:
    return take_turns(_message, things, length, position, recorder, count, ticks)


@cython.final
cdef class Messages(Cycle):
    """``messages`` of one ``format`` (JSON, SBE, FIX), decoded in turn without end by ``path`` (widest unless named).

    Each lies in a line of its own with padding behind it, as in a receive buffer.

    Raises ValueError for an empty list, another format or path, MemoryError.
    """

    cdef Decoder decoder
    cdef llt_cpu_path chosen
    cdef Fields fields

    def __cinit__(self, messages, int format, path=None):
        cdef size_t at, offset = 0
        self.length = len(messages)
        if self.length == 0 or not JSON <= format <= FIX:
            raise ValueError(f"{self.length} messages of format {format}: at least one of JSON, SBE or FIX is wanted")
        self.chosen = path_named(path)
        if format == JSON:
            self.chosen = llt_binance_path(self.chosen)
        elif format == SBE:
            self.chosen = LLT_CPU_SCALAR
        self.turns = _messages
        self.things = &self.decoder
        self.decoder.format = format
        self.decoder.json = llt_binance_parser_of(self.chosen)
        self.decoder.fix = llt_fix_parser_of(self.chosen)
        self.fields = Fields()
        self.fields.reserve(max(map(len, messages)))
        self.decoder.fields = &self.fields.raw
        total = sum(len(message) + LLT_BINANCE_PADDING for message in messages)
        self.decoder.texts = <unsigned char *>malloc(total)
        self.decoder.offsets = <size_t *>malloc(self.length * sizeof(size_t))
        self.decoder.sizes = <size_t *>malloc(self.length * sizeof(size_t))
        self.decoder.levels = <llt_binance_level *>malloc(LEVELS * sizeof(llt_binance_level))
        self.decoder.trades = <llt_sbe_trade *>malloc(LEVELS * sizeof(llt_sbe_trade))
        if (self.decoder.texts is NULL or self.decoder.offsets is NULL or self.decoder.sizes is NULL
                or self.decoder.levels is NULL or self.decoder.trades is NULL):
            raise MemoryError(f"no memory for {total} bytes of messages")
        memset(self.decoder.texts, 0, total)
        for at in range(self.length):
            message = bytes(messages[at])
            memcpy(self.decoder.texts + offset, <const char *>message, len(message))
            self.decoder.offsets[at] = offset
            self.decoder.sizes[at] = len(message)
            offset += len(message) + LLT_BINANCE_PADDING

    def __dealloc__(self):
        free(self.decoder.texts)
        free(self.decoder.offsets)
        free(self.decoder.sizes)
        free(self.decoder.levels)
        free(self.decoder.trades)

    @property
    def path(self):
        """Name of the path that runs."""
        return llt_cpu_name(self.chosen).decode()
