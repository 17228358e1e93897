"""Checking a market data message and loading its fields, over a buffer of many."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.message cimport (
    LLT_MESSAGE_OK,
    LLT_MESSAGE_SIZE,
    llt_message_check,
    llt_message_price,
    llt_message_quantity,
    llt_message_symbol_id,
    llt_message_timestamp_ns,
)
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder


cdef inline bint _parse(const unsigned char *buffer, size_t size, size_t offset) noexcept nogil:
    if llt_message_check(buffer, size, offset) != LLT_MESSAGE_OK:
        return False
    llt_keep(llt_message_symbol_id(buffer + offset))
    llt_keep(<uint64_t>llt_message_price(buffer + offset))
    llt_keep(llt_message_quantity(buffer + offset))
    llt_keep(llt_message_timestamp_ns(buffer + offset))
    return True


cdef inline size_t _next(size_t size, size_t offset) noexcept nogil:
    offset += LLT_MESSAGE_SIZE
    return offset if offset < size else 0


cdef uint64_t _block(const unsigned char *buffer, size_t size, size_t messages, size_t *good) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef uint64_t stop
    cdef size_t _, count = 0, offset = 0
    for _ in range(messages):
        count += _parse(buffer, size, offset)
        offset = _next(size, offset)
    stop = llt_ticks_stop()
    good[0] = count
    return stop - start


cdef size_t _each(
        const unsigned char *buffer, size_t size, llt_recorder *recorder, size_t messages) noexcept nogil:
    cdef uint64_t start
    cdef size_t _, good = 0, offset = 0
    for _ in range(messages):
        start = llt_ticks_start()
        good += _parse(buffer, size, offset)
        llt_record(recorder, llt_ticks_stop() - start)
        offset = _next(size, offset)
    return good


def block(buffer, size_t messages):
    """Parse ``messages`` in one stretch, round ``buffer`` as often as it takes: ``(ticks, good messages)``."""
    cdef Py_buffer view
    cdef uint64_t ticks
    cdef size_t good
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        with nogil:
            ticks = _block(<const unsigned char *>view.buf, view.len, messages, &good)
        return ticks, good
    finally:
        PyBuffer_Release(&view)


def each(buffer, Recorder recorder, size_t messages):
    """Parse ``messages`` and record the ticks of each; returns how many were good."""
    cdef Py_buffer view
    cdef llt_recorder *raw = recorder.raw
    cdef size_t good
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        with nogil:
            good = _each(<const unsigned char *>view.buf, view.len, raw, messages)
        return good
    finally:
        PyBuffer_Release(&view)
