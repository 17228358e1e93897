"""Building FIX messages from one template, over a list of values that repeats."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from lltool.kernels.arch cimport llt_keep
from lltool.kernels.fix cimport LLT_FIX_TEXT, Template, llt_fix_builder, llt_fix_template, llt_fix_value
from lltool.kernels.loops.loop cimport Cycle, take_turns
from lltool.kernels.recorder cimport llt_recorder

cdef enum:
    ROOM = 65536


cdef struct Build:
    llt_fix_builder *build
    const llt_fix_template *form
    llt_fix_value *values
    unsigned char *out


cdef bint _order(void *things, size_t at) noexcept nogil:
    cdef Build *orders = <Build *>things
    cdef size_t size = 0
    cdef const unsigned char *start = orders.build(
        orders.form, orders.values + at * orders.form.slots, orders.out, ROOM, &size)
    llt_keep(<uint64_t>start + size)
    return start is not NULL


cdef size_t _orders(
        void *things, size_t length, size_t *position, llt_recorder *recorder, size_t count,
        uint64_t *ticks) noexcept nogil:
    return take_turns(_order, things, length, position, recorder, count, ticks)


@cython.final
cdef class Orders(Cycle):
    """Messages of ``form``, built in turn without end into one buffer: each of ``orders`` is the values of its slots.

    Raises ValueError for an empty list, TypeError for values of another type, MemoryError.
    """

    cdef Template form
    cdef list kept
    cdef Build building
    cdef bytes owner

    def __cinit__(self, Template form not None, orders):
        cdef size_t at, slot, slots = form.raw.slots
        cdef bytes text
        self.form = form
        self.turns = _orders
        self.things = &self.building
        self.building.build = form.build_raw
        self.building.form = &form.raw
        self.kept = [tuple(order) for order in orders]
        self.length = len(self.kept)
        if self.length == 0:
            raise ValueError("no orders: at least one is wanted")
        self.building.values = <llt_fix_value *>malloc(self.length * max(slots, 1) * sizeof(llt_fix_value))
        if self.building.values is NULL:
            raise MemoryError(f"no memory for {self.length} orders")
        for at in range(self.length):
            if len(self.kept[at]) != slots or len(form.build(*self.kept[at])) > ROOM // 2:
                raise ValueError(f"order {at}: {slots} values are wanted, of at most {ROOM // 2} bytes")
            for slot in range(slots):
                if form.pieces[slot].kind == LLT_FIX_TEXT:
                    text = self.kept[at][slot]
                    self.building.values[at * slots + slot].text = <const unsigned char *>PyBytes_AS_STRING(text)
                    self.building.values[at * slots + slot].size = PyBytes_GET_SIZE(text)
                else:
                    self.building.values[at * slots + slot].number = self.kept[at][slot]
        self.owner = PyBytes_FromStringAndSize(NULL, ROOM)
        self.building.out = <unsigned char *>PyBytes_AS_STRING(self.owner)

    def __dealloc__(self):
        free(self.building.values)

    @property
    def path(self):
        """Name of the path that runs."""
        return self.form.path
