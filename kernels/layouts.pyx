"""Structures laid out for cache lines, as NumPy dtypes and, in ``layouts.pxd``, as C structures.

``LEVEL`` (32 bytes), ``PADDED_LEVEL`` (64 bytes) and ``QUOTE`` (48 bytes: with its seqlock's word, a line) have the
fields and offsets of ``include/llt_layouts.h``; a record in a pool, an arena or a seqlock of that dtype can be read by
C and Cython code as it is. Chapter 5.1.3, 5.2.2.
"""

cimport cython
from libc.stdlib cimport free
from libc.string cimport memset

from lltool.kernels.atomic cimport LLT_LINE, llt_add_relaxed, llt_load_relaxed, llt_store_relaxed
from lltool.kernels.record_type cimport RecordTypes

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef enum:
    MAX_CORES = 8192

cdef dict _level_fields(size_t size):
    return {
        "names": ["price", "quantity", "order_count", "sequence"],
        "formats": ["i8", "u8", "u4", "u4"],
        "offsets": [0, 8, 16, 20],
        "itemsize": size,
    }


cdef RecordTypes _TYPES = RecordTypes(
    __name__,
    LEVEL=(_level_fields(sizeof(llt_level)), sizeof(llt_level)),
    PADDED_LEVEL=(_level_fields(sizeof(llt_padded_level)), sizeof(llt_padded_level)),
    QUOTE=(
        [
            ("bid_price", "i8"), ("bid_quantity", "u8"), ("ask_price", "i8"), ("ask_quantity", "u8"),
            ("sequence", "u8"), ("sides", "u8"),
        ],
        sizeof(llt_quote),
    ),
)


def __getattr__(str name):
    """LEVEL, PADDED_LEVEL, QUOTE: NumPy is loaded by who asks for them."""
    return _TYPES.named(name)


@cython.final
cdef class CoreCounters:
    """Counters of ``cores`` cores or threads, each set on lines of its own: nobody's counting slows another's.

    Each set has one writer; anybody reads. Raises ValueError for fewer than 1 or more than 8192, MemoryError.
    """

    def __cinit__(self, cores):
        if not 1 <= cores <= MAX_CORES:
            raise ValueError(f"cores {cores} is not between 1 and {MAX_CORES}")
        self.count = cores
        self.raw = <llt_core_counters *>aligned_alloc(LLT_LINE, self.count * sizeof(llt_core_counters))
        if self.raw is NULL:
            raise MemoryError(f"no memory for the counters of {cores} cores")
        memset(self.raw, 0, self.count * sizeof(llt_core_counters))

    def __dealloc__(self):
        free(self.raw)

    cdef llt_core_counters *at(self, core) except NULL:
        if not 0 <= core < self.count:
            raise IndexError(f"core {core} is not between 0 and {self.count - 1}")
        return &self.raw[<size_t>core]

    def add(self, core, uint64_t messages=0, uint64_t errors=0, last_ns=None):
        """Count for ``core``; ``last_ns`` is stored where it is given. IndexError for a core that is not there."""
        cdef llt_core_counters *counters = self.at(core)
        llt_add_relaxed(&counters.messages, messages)
        llt_add_relaxed(&counters.errors, errors)
        if last_ns is not None:
            llt_store_relaxed(&counters.last_ns, last_ns)

    def read(self, core):
        """``(messages, errors, last_ns)`` of a core. IndexError for a core that is not there."""
        cdef llt_core_counters *counters = self.at(core)
        return (
            llt_load_relaxed(&counters.messages),
            llt_load_relaxed(&counters.errors),
            llt_load_relaxed(&counters.last_ns),
        )

    def __len__(self):
        return self.count
