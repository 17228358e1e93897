"""Binance market data in SBE to the records that :mod:`lltool.kernels.binance_json` makes.

Schema, versions and what is refused: ``include/llt_sbe.h``. Chapter 5.6.1.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from lltool.kernels.binance_json cimport LLT_BINANCE_TRADE, Event
from lltool.kernels.record_type cimport RecordTypes

cdef RecordTypes _TYPES = RecordTypes(
    __name__,
    TRADE_ENTRY=(
        [("trade_id", "<u8"), ("price", "<i8"), ("quantity", "<i8"), ("buyer_is_maker", "<u8")], sizeof(llt_sbe_trade)),
)


def __getattr__(str name):
    """TRADE_ENTRY: NumPy is loaded by who asks for it."""
    return _TYPES.named(name)


cdef enum:
    SHORTEST_ENTRY = 16


cdef object _refusal(llt_sbe_status status, size_t position, size_t size):
    what = {
        LLT_SBE_TRUNCATED: "the message is longer than what is there",
        LLT_SBE_UNKNOWN: "a schema or template other than those of the spot stream",
        LLT_SBE_BLOCK: "a block shorter than the schema's",
        LLT_SBE_VALUE: "a value that the schema does not have, or no fixed point number of 8 places",
        LLT_SBE_EXTRA: "bytes behind the message",
    }[status]
    return ValueError(f"offset {position} of {size}: {what}")


def parse(message):
    """Return ``(event, trades)`` of one message (bytes-like).

    ``event`` is a :class:`lltool.kernels.binance_json.Event`: DEPTH, TICKER, SNAPSHOT or TRADE. A message of
    trades holds several: ``trades`` is an array of TRADE_ENTRY, in the order sent; None for the other kinds.

    Raises ValueError with the offset of the part that is wrong.
    """
    cdef Py_buffer view
    cdef Event event = Event.__new__(Event)
    cdef llt_sbe_status status
    cdef size_t count, position, room
    cdef void *entries = NULL
    PyObject_GetBuffer(message, &view, PyBUF_SIMPLE)
    try:
        # Levels and trades are never in one message, and a level is the smaller of the two.
        room = view.len // SHORTEST_ENTRY + 1
        entries = malloc(room * sizeof(llt_sbe_trade))
        if entries is NULL:
            raise MemoryError(f"no memory for {room} entries")
        status = llt_sbe_parse(
            <const unsigned char *>view.buf, view.len, &event.raw, <llt_binance_level *>entries,
            <llt_sbe_trade *>entries, room, &count, &position)
        if status != LLT_SBE_OK:
            raise _refusal(status, position, view.len)
        if event.raw.kind == LLT_BINANCE_TRADE:
            return event, _trades(<const llt_sbe_trade *>entries, count)
        event.levels = <llt_binance_level *>entries
        entries = NULL
        return event, None
    finally:
        free(entries)
        PyBuffer_Release(&view)


cdef object _trades(const llt_sbe_trade *trades, size_t count):
    cdef Py_buffer view
    import numpy as np

    found = np.empty(count, _TYPES.named("TRADE_ENTRY"))
    PyObject_GetBuffer(found, &view, PyBUF_WRITABLE)
    memcpy(view.buf, trades, count * sizeof(llt_sbe_trade))
    PyBuffer_Release(&view)
    return found
