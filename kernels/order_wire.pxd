from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from lltool.kernels.fix cimport llt_fix_builder, llt_fix_template


cdef extern from "llt_order_wire.h" nogil:
    enum:
        LLT_ORDER_MESSAGE_SIZE
        LLT_ORDER_MESSAGE_NEW
        LLT_ORDER_MESSAGE_CANCEL
        LLT_ORDER_MESSAGE_QUERY
        LLT_WIRE_FIX_VALUES

    ctypedef struct llt_wire_forms:
        llt_fix_template fresh
        llt_fix_template cancel

    ctypedef struct llt_order_wire:
        const llt_wire_forms *forms
        llt_fix_builder *build
        size_t room
        uint64_t next_number
        unsigned char *text

    ctypedef struct llt_wire_order:
        uint64_t id
        int64_t price
        int64_t quantity
        uint32_t symbol_id
        uint32_t side

    const unsigned char *llt_order_wire_write(
        llt_order_wire *wire, const llt_wire_order *order, uint8_t kind, size_t *size)


cdef class OrderWire:
    # One thread writes with `raw`.
    cdef llt_order_wire raw
    cdef readonly object instruments
    cdef bytes write(self, const llt_wire_order *order, uint8_t kind)


cdef class FixOrderWire(OrderWire):
    cdef llt_wire_forms *forms
    cdef list templates
