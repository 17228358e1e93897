"""The tick source: its rate, its grain, what reading it costs, and how fast the core runs."""

from cpython.array cimport array
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc, qsort
from posix.time cimport CLOCK_MONOTONIC_RAW, clock_gettime, nanosleep, timespec

import array as array_module

from lltool.kernels.arch cimport (
    LLT_ARCH,
    llt_fence_serialises,
    llt_keep,
    llt_multiply_8,
    llt_ticks,
    llt_ticks_start,
    llt_ticks_stop,
)
from lltool.kernels.clock cimport Bracket

cdef enum:
    TRIES = 50
    CANARY_STEPS = 20000
    BLOCKS = 32
    NANOSECONDS = 1000000000


cdef Bracket bracket_clock(int clock_id) noexcept nogil:
    cdef Bracket best = Bracket(0, 0, <uint64_t>-1)
    cdef timespec now
    cdef uint64_t before, after
    cdef int _attempt
    for _attempt in range(TRIES):
        before = llt_ticks_start()
        clock_gettime(clock_id, &now)
        after = llt_ticks_stop()
        if after - before < best.width:
            best.width = after - before
            best.ticks = before + best.width // 2
            best.nanoseconds = <int64_t>now.tv_sec * NANOSECONDS + now.tv_nsec
    return best


def ticks():
    """Read the tick counter once all earlier instructions are done."""
    return llt_ticks_start()


def bracket(int clock_id=CLOCK_MONOTONIC_RAW):
    """Pair the tick counter with a clock: ``(ticks, nanoseconds, width_ticks)``.

    The narrowest of 50 reads between two stamps; ``ticks`` is their middle, so the pair is wrong by at most half of
    ``width_ticks``.
    """
    cdef Bracket found
    with nogil:
        found = bracket_clock(clock_id)
    return found.ticks, found.nanoseconds, found.width


def rate(first, second):
    """The tick rate between two results of :func:`bracket`: ``(hz, uncertainty_ppm)``.

    The uncertainty is what both brackets allow: half of each width, relative to the ticks between them. Raises
    ``ValueError`` when no time lies between them.
    """
    cdef int64_t nanoseconds = second[1] - first[1]
    cdef int64_t elapsed = second[0] - first[0]
    if nanoseconds <= 0 or elapsed <= 0:
        raise ValueError("the two readings are not in order")
    return elapsed * 1e9 / nanoseconds, (first[2] + second[2]) / 2 / elapsed * 1e6


def calibrate(double window_seconds):
    """Measure the tick rate against CLOCK_MONOTONIC_RAW, sleeping in between: ``(hz, uncertainty_ppm)``.

    20 ms are good to about 1 ppm, 100 ms to 0.01 ppm where nothing else disturbs. Raises ``ValueError`` for a window
    outside 0 .. 60 s.
    """
    if not 0 < window_seconds <= 60:
        raise ValueError(f"window of {window_seconds} s is not between 0 and 60 s")
    cdef timespec window
    window.tv_sec = <int64_t>window_seconds
    window.tv_nsec = <int64_t>((window_seconds - window.tv_sec) * NANOSECONDS)
    first = bracket()
    with nogil:
        nanosleep(&window, NULL)
    return rate(first, bracket())


cdef uint64_t _gcd(uint64_t a, uint64_t b) noexcept nogil:
    while b:
        a, b = b, a % b
    return a


cdef uint64_t _common_divisor(const uint64_t *deltas, size_t n) noexcept nogil:
    cdef uint64_t divisor = 0
    cdef size_t index
    for index in range(n):
        divisor = _gcd(divisor, deltas[index])
    return divisor


def common_divisor(deltas):
    """The greatest common divisor of whole numbers, 0 for none or only zeros: a quantum from given distances."""
    cdef array copy = array_module.array("Q", deltas)
    return _common_divisor(<const uint64_t *>copy.data.as_ulonglongs, len(copy))


cdef void _empty_pairs(uint64_t *deltas, size_t n) noexcept nogil:
    cdef size_t index
    cdef uint64_t start
    for index in range(n):
        start = llt_ticks_start()
        deltas[index] = llt_ticks_stop() - start


cdef int _ascending(const void *left, const void *right) noexcept nogil:
    cdef uint64_t a = (<const uint64_t *>left)[0]
    cdef uint64_t b = (<const uint64_t *>right)[0]
    return (a > b) - (a < b)


cdef uint64_t *_measure_empty_pairs(size_t n) except NULL:
    if not 0 < n <= 1 << 30:
        raise ValueError(f"{n} pairs are not between 1 and 2**30")
    cdef uint64_t *deltas = <uint64_t *>malloc(n * sizeof(uint64_t))
    if deltas == NULL:
        raise MemoryError(f"no memory for {n} stamp pairs")
    with nogil:
        _empty_pairs(deltas, n)
    return deltas


def quantum(size_t n=100_000):
    """The grain of the tick counter: the greatest common divisor of ``n`` fenced stamp distances, in ticks."""
    cdef uint64_t *deltas = _measure_empty_pairs(n)
    cdef uint64_t divisor
    with nogil:
        divisor = _common_divisor(deltas, n)
        free(deltas)
    return divisor


def floor_ticks(size_t n=100_000):
    """What an empty stamp pair reads: the median of ``n`` pairs (nearest rank), in ticks."""
    cdef uint64_t *deltas = _measure_empty_pairs(n)
    with nogil:
        qsort(deltas, n, sizeof(uint64_t), _ascending)
    middle = deltas[(n + 1) // 2 - 1]
    free(deltas)
    return middle


cdef enum Read:
    RAW_READ
    START_READ
    STOP_READ


cdef double _best_read_cost(Read read, size_t n) noexcept nogil:
    cdef double best = INFINITY, cost
    cdef uint64_t start, stop
    cdef size_t _index
    cdef int _block
    for _block in range(BLOCKS):
        start = llt_ticks_start()
        if read == RAW_READ:
            for _index in range(n):
                llt_keep(llt_ticks())
        elif read == START_READ:
            for _index in range(n):
                llt_keep(llt_ticks_start())
        else:
            for _index in range(n):
                llt_keep(llt_ticks_stop())
        stop = llt_ticks_stop()
        cost = (stop - start) / <double>n
        if cost < best:
            best = cost
    return best


def read_costs(size_t n=1000):
    """Ticks per read, the best of 32 blocks of ``n``: ``(raw, start, stop)``.

    ``raw`` is the bare counter; ``start`` and ``stop`` are the fenced stamps of :file:`llt_arch.h`.
    """
    cdef double raw, start, stop
    if n == 0:
        raise ValueError("0 reads have no cost")
    with nogil:
        raw = _best_read_cost(RAW_READ, n)
        start = _best_read_cost(START_READ, n)
        stop = _best_read_cost(STOP_READ, n)
    return raw, start, stop


cdef uint64_t _multiply_chain() noexcept nogil:
    cdef uint64_t value = llt_ticks() | 1
    cdef uint64_t start = llt_ticks_start()
    cdef int _step
    for _step in range(CANARY_STEPS // 8):
        value = llt_multiply_8(value)
    cdef uint64_t stop = llt_ticks_stop()
    llt_keep(value)
    return stop - start


def canary():
    """Ticks per link of a chain of dependent integer multiplications (about 20 us of work).

    A link takes 3 cycles on every x86-64 core of the last decade, so ``3 * tick_hz / canary()`` is the frequency at
    which the core runs: it shows turbo, throttling and a busy hyperthread without any privilege, also in a guest.
    """
    cdef uint64_t elapsed
    with nogil:
        elapsed = _multiply_chain()
    return elapsed / <double>CANARY_STEPS


def architecture():
    """The instruction set whose counter this is: ``x86_64`` (the TSC) or ``aarch64`` (CNTVCT)."""
    return LLT_ARCH.decode("ascii")


def fence_serialises():
    """Whether the fence of the stamps is known to wait for all earlier instructions; ``None`` where it is not known.

    Intel: always. AMD: where CPUID 8000_0021h says so; older parts depend on an MSR that guests cannot read.
    """
    known = llt_fence_serialises()
    return None if known < 0 else bool(known)
