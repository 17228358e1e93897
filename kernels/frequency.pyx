"""What processor, hypervisor and kernel say about the tick counter, each by its own road."""

from cpython.array cimport array
from cpython.exc cimport PyErr_SetFromErrno
from libc.errno cimport EOPNOTSUPP
from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from posix.unistd cimport close

import array as array_module
import os

from lltool.kernels.arch cimport (
    llt_cpuid,
    llt_cpuid_execute,
    llt_ticks_start,
    llt_ticks_stop,
    llt_ticks_stop_core,
)

cdef extern from "<linux/perf_event.h>" nogil:
    enum:
        PERF_TYPE_SOFTWARE
        PERF_COUNT_SW_DUMMY
    struct perf_event_attr:
        uint32_t type
        uint32_t size
        uint64_t config
        uint64_t exclude_kernel
        uint64_t exclude_hv
    struct perf_event_mmap_page:
        uint64_t cap_user_time
        uint16_t time_shift
        uint32_t time_mult

cdef extern from "<sys/mman.h>" nogil:
    enum:
        PROT_READ
        MAP_SHARED
    void *MAP_FAILED
    void *mmap(void *address, size_t length, int protection, int flags, int descriptor, long offset)
    int munmap(void *address, size_t length)

cdef extern from "<sys/syscall.h>" nogil:
    long SYS_perf_event_open

cdef extern from "<unistd.h>" nogil:
    long syscall(long number, ...)

cdef enum:
    PAGE = 4096
    CORE_BITS = 12


def cpuid(uint32_t leaf):
    """The registers (eax, ebx, ecx, edx) of a CPUID leaf; None where there is no such leaf."""
    cdef uint32_t[4] registers
    memset(registers, 0, sizeof(registers))
    if not llt_cpuid(leaf, registers):
        return None
    return registers[0], registers[1], registers[2], registers[3]


def cpuid_ticks(size_t n=101):
    """The median ticks of one CPUID instruction between two stamps; None where the processor has none.

    Some tens of nanoseconds on bare metal; where a hypervisor intercepts it, the price of a trip there and back.
    """
    if n == 0:
        raise ValueError("0 executions have no cost")
    cdef array deltas = array_module.array("Q", bytes(8 * n))
    cdef uint64_t start
    cdef size_t index
    for index in range(n):
        start = llt_ticks_start()
        if not llt_cpuid_execute():
            return None
        deltas.data.as_ulonglongs[index] = llt_ticks_stop() - start
    return sorted(deltas)[(n + 1) // 2 - 1]


def perf_hz():
    """The tick rate by which the kernel turns ticks into perf's time, from a perf event's page.

    Raises ``OSError``: as perf_event_open(2) and mmap(2) give it, and ``EOPNOTSUPP`` where the kernel does not offer
    the conversion to user space (``cap_user_time`` is 0, as in many guests).
    """
    cdef perf_event_attr attributes
    memset(&attributes, 0, sizeof(attributes))
    attributes.type = PERF_TYPE_SOFTWARE
    attributes.size = sizeof(attributes)
    attributes.config = PERF_COUNT_SW_DUMMY
    attributes.exclude_kernel = 1
    attributes.exclude_hv = 1
    cdef int descriptor = <int>syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0)
    if descriptor < 0:
        PyErr_SetFromErrno(OSError)
    cdef void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, descriptor, 0)
    close(descriptor)
    if page == MAP_FAILED:
        PyErr_SetFromErrno(OSError)
    cdef bint offered = (<perf_event_mmap_page *>page).cap_user_time
    shift = (<perf_event_mmap_page *>page).time_shift
    multiplier = (<perf_event_mmap_page *>page).time_mult
    munmap(page, PAGE)
    if not offered or multiplier == 0:
        raise OSError(EOPNOTSUPP, os.strerror(EOPNOTSUPP))
    return 1e9 * 2.0**shift / multiplier


def stamped_core():
    """The core that a stop stamp names: where this thread really runs, without asking the kernel (0 on aarch64)."""
    cdef uint32_t core = 0
    llt_ticks_stop_core(&core)
    return core & ((1 << CORE_BITS) - 1)
