"""Kill switch: stops every new order for good, from this process or another one.

Handshake with the sender and ordering: ``include/llt_kill_switch.h``.
"""

from enum import IntEnum

cimport cython
from libc.stdlib cimport free
from posix.mman cimport munmap

from lltool.kernels.atomic cimport LLT_LINE
from lltool.kernels.shared_memory cimport map_existing, map_new

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)


class KillSource(IntEnum):
    """Who or what tripped the switch."""

    OPERATOR = LLT_KILL_OPERATOR
    SIGNAL = LLT_KILL_SIGNAL
    LOSS = LLT_KILL_LOSS
    STALE = LLT_KILL_STALE
    BREAKER = LLT_KILL_BREAKER
    SUPERVISOR = LLT_KILL_SUPERVISOR


@cython.final
cdef class KillSwitch:
    """Tripped once by any thread or process, and never reset: trading goes on with a new one.

    One thread sends orders and asks :meth:`may_send` before each. ``now_ns`` is of CLOCK_MONOTONIC. MemoryError.
    """

    def __cinit__(self):
        self.raw = <llt_kill_switch *>aligned_alloc(LLT_LINE, sizeof(llt_kill_switch))
        if self.raw is NULL:
            raise MemoryError("no memory for a kill switch")
        llt_kill_init(self.raw)

    def __dealloc__(self):
        if self.mapped:
            munmap(self.raw, sizeof(llt_kill_switch))
        else:
            free(self.raw)

    cdef _hold(self, void *memory):
        free(self.raw)
        self.raw = <llt_kill_switch *>memory
        self.mapped = True

    @staticmethod
    def create(int fd):
        """Lay a switch out in the empty file behind ``fd``, for other processes to trip or to supervise.

        The descriptor can be closed afterwards. FileExistsError where the file is not empty, OSError as the kernel
        gives it.
        """
        cdef KillSwitch switch = KillSwitch.__new__(KillSwitch)
        switch._hold(map_new(fd, sizeof(llt_kill_switch)))
        llt_kill_init(switch.raw)
        return switch

    @staticmethod
    def attach(int fd):
        """Map the switch that another process laid out. BufferError where there is none of this version, OSError."""
        cdef KillSwitch switch = KillSwitch.__new__(KillSwitch)
        cdef size_t size
        cdef void *memory = map_existing(fd, &size)
        if size != sizeof(llt_kill_switch):
            munmap(memory, size)
            raise BufferError(f"descriptor {fd}: {size} bytes, and a kill switch has {sizeof(llt_kill_switch)}")
        switch._hold(memory)
        if switch.raw.magic != LLT_KILL_MAGIC:
            raise BufferError(f"descriptor {fd}: there is no kill switch of this version of lltool in it")
        return switch

    def trip(self, source, uint64_t now_ns):
        """Stop every new order. False when something else did before. ValueError for no :class:`KillSource`."""
        return llt_kill_trip(self.raw, KillSource(source), now_ns)

    @property
    def source(self):
        """The :class:`KillSource` that tripped it, None while it has not been."""
        cdef uint64_t source = llt_kill_source(self.raw)
        return KillSource(source) if source != LLT_KILL_NONE else None

    @property
    def is_quiet(self):
        """Tripped, and no order is on its way out: from now on none leaves."""
        return llt_kill_is_quiet(self.raw)

    def may_send(self):
        """Whether an order may leave; if so :meth:`sent` is called when it has. The sending thread only."""
        return llt_kill_may_send(self.raw)

    def sent(self):
        """The order that :meth:`may_send` allowed has left, or failed to."""
        llt_kill_sent(self.raw)

    def beat(self, uint64_t now_ns):
        """The supervisor is alive. After the first beat :meth:`watch` expects the next ones."""
        llt_kill_beat(self.raw, now_ns)

    def watch(self, uint64_t now_ns, uint64_t limit_ns):
        """Trip it when a supervisor was there and is silent for longer than ``limit_ns``. Whether it is tripped."""
        return llt_kill_watch(self.raw, now_ns, limit_ns)
