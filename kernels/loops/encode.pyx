"""Building FIX messages from one template, over a list of values that repeats."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.fix cimport LLT_FIX_TEXT, Template, llt_fix_value
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef enum:
    ROOM = 65536


@cython.final
cdef class Orders:
    """Messages of ``form``, built in turn without end into one buffer: each of ``orders`` is the values of its slots.

    Raises ValueError for an empty list, TypeError for values of another type, MemoryError.
    """

    cdef Template form
    cdef list kept
    cdef llt_fix_value *values
    cdef bytes owner
    cdef unsigned char *out
    cdef size_t length
    cdef size_t position

    def __cinit__(self, Template form not None, orders):
        cdef size_t at, slot, slots = form.raw.slots
        cdef bytes text
        self.form = form
        self.kept = [tuple(order) for order in orders]
        self.length = len(self.kept)
        if self.length == 0:
            raise ValueError("no orders: at least one is wanted")
        self.values = <llt_fix_value *>malloc(self.length * max(slots, 1) * sizeof(llt_fix_value))
        if self.values is NULL:
            raise MemoryError(f"no memory for {self.length} orders")
        for at in range(self.length):
            if len(self.kept[at]) != slots or len(form.build(*self.kept[at])) > ROOM // 2:
                raise ValueError(f"order {at}: {slots} values are wanted, of at most {ROOM // 2} bytes")
            for slot in range(slots):
                if form.pieces[slot].kind == LLT_FIX_TEXT:
                    text = self.kept[at][slot]
                    self.values[at * slots + slot].text = <const unsigned char *>PyBytes_AS_STRING(text)
                    self.values[at * slots + slot].size = PyBytes_GET_SIZE(text)
                else:
                    self.values[at * slots + slot].number = self.kept[at][slot]
        self.owner = PyBytes_FromStringAndSize(NULL, ROOM)
        self.out = <unsigned char *>PyBytes_AS_STRING(self.owner)

    def __dealloc__(self):
        free(self.values)

    def __len__(self):
        return self.length

    @property
    def path(self):
        """Name of the path that runs."""
        return self.form.path

    cdef inline bint build(self, size_t at) noexcept nogil:
        cdef size_t size = 0
        cdef const unsigned char *start = self.form.build_raw(
            &self.form.raw, self.values + at * self.form.raw.slots, self.out, ROOM, &size)
        llt_keep(<uint64_t>start + size)
        return start is not NULL

    def block(self, size_t count):
        """Build the next ``count`` in one stretch: ``(ticks, messages built)``."""
        cdef uint64_t start, stop
        cdef size_t _, built = 0, at = self.position
        with nogil:
            start = llt_ticks_start()
            for _ in range(count):
                built += self.build(at)
                at = at + 1 if at + 1 < self.length else 0
            stop = llt_ticks_stop()
        self.position = at
        return stop - start, built

    def each(self, Recorder recorder, size_t count):
        """Build the next ``count`` and record the ticks of each; returns how many were built."""
        cdef llt_recorder *raw = recorder.raw
        cdef uint64_t start
        cdef size_t _, built = 0, at = self.position
        with nogil:
            for _ in range(count):
                start = llt_ticks_start()
                built += self.build(at)
                llt_record(raw, llt_ticks_stop() - start)
                at = at + 1 if at + 1 < self.length else 0
        self.position = at
        return built
