"""Orders as the bytes of their venue: the packed form, or FIX 4.4 from templates of which only the slots are written.

Forms: ``include/llt_order_wire.h``. Chapter 5.6.2, 5.9.
"""

from libc.stdlib cimport calloc, free, malloc

from lltool.kernels.fix cimport LLT_FIX_BEHIND, LLT_FIX_HEADER, Template

from lltool.kernels.fix import DECIMAL, INTEGER, TEXT

NEW_SLOTS = (34, 52, 11, 54, 60, 38, 44)
CANCEL_SLOTS = (34, 52, 41, 11, 54, 60, 38)


cdef class OrderWire:
    """The packed form: 32 bytes an order, for any instrument. Prices and quantities are x 10^8."""

    def __cinit__(self):
        self.instruments = None
        self.raw.room = LLT_ORDER_MESSAGE_SIZE
        self.raw.text = <unsigned char *>malloc(LLT_ORDER_MESSAGE_SIZE)
        if self.raw.text is NULL:
            raise MemoryError("no memory for an order")

    def __dealloc__(self):
        free(self.raw.text)

    @property
    def form(self):
        """Its name."""
        return "packed" if self.raw.forms is NULL else "FIX 4.4"

    cdef bytes write(self, const llt_wire_order *order, uint8_t kind):
        cdef size_t size = 0
        cdef const unsigned char *text
        if order.symbol_id < 1 or (self.instruments is not None and order.symbol_id > <uint32_t>self.instruments):
            raise IndexError(f"instrument {order.symbol_id} of {self.instruments}")
        text = llt_order_wire_write(&self.raw, order, kind, &size)
        return text[:size]

    def new(self, uint32_t symbol_id, uint64_t order_id, uint32_t side, int64_t price, int64_t quantity):
        """The message that sends an order; ``side`` 0 buys, 1 sells. IndexError for an instrument it does not know."""
        cdef llt_wire_order order = llt_wire_order(order_id, price, quantity, symbol_id, side)
        return self.write(&order, LLT_ORDER_MESSAGE_NEW)

    def cancel(self, uint32_t symbol_id, uint64_t order_id, uint32_t side, int64_t quantity):
        """The message that takes it back."""
        cdef llt_wire_order order = llt_wire_order(order_id, 0, quantity, symbol_id, side)
        return self.write(&order, LLT_ORDER_MESSAGE_CANCEL)


cdef class FixOrderWire(OrderWire):
    """FIX 4.4: limit orders of ``symbols``, which messages number from 1, immediate-or-cancel or as ``in_force`` says.

    ``sender`` and ``target`` are the CompIDs of a session that is logged on; its next message has ``next_number``, and
    the session goes on with the number that stands here afterwards. Raises ValueError without symbols or for a value
    that FIX cannot hold, MemoryError.
    """

    def __cinit__(self, *, bytes sender, bytes target, symbols, uint64_t next_number=1,
                  bytes in_force=b"3"):
        cdef Template fresh, cancel
        cdef size_t at, longest = 0
        self.templates = []
        for symbol in symbols:
            head = [(49, sender), (56, target), (34, INTEGER), (52, TEXT)]
            what = [(55, symbol), (54, TEXT), (60, TEXT), (38, DECIMAL)]
            fresh = Template([
                (35, b"D"), *head, (11, INTEGER), *what, (40, b"2"), (44, DECIMAL), (59, in_force),
            ])
            cancel = Template([(35, b"F"), *head, (41, INTEGER), (11, TEXT), *what])
            assert fresh.slots == NEW_SLOTS and cancel.slots == CANCEL_SLOTS
            self.templates.append((fresh, cancel))
            longest = max(longest, <size_t>len(fresh.text), <size_t>len(cancel.text))
        if not self.templates:
            raise ValueError("no symbols: each instrument needs one")
        self.forms = <llt_wire_forms *>calloc(len(self.templates), sizeof(llt_wire_forms))
        free(self.raw.text)
        self.raw.room = longest + LLT_FIX_HEADER + LLT_FIX_BEHIND + LLT_WIRE_FIX_VALUES
        self.raw.text = <unsigned char *>malloc(self.raw.room)
        if self.forms is NULL or self.raw.text is NULL:
            raise MemoryError(f"no memory for {len(self.templates)} instruments")
        for at in range(<size_t>len(self.templates)):
            fresh, cancel = self.templates[at]
            self.forms[at].fresh = fresh.raw
            self.forms[at].cancel = cancel.raw
        self.raw.forms = self.forms
        self.raw.build = fresh.build_raw
        self.raw.next_number = next_number
        self.instruments = len(self.templates)

    def __dealloc__(self):
        free(self.forms)

    @property
    def next_number(self):
        """MsgSeqNum of the next message."""
        return self.raw.next_number

    @next_number.setter
    def next_number(self, uint64_t number):
        self.raw.next_number = number
