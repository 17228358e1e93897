from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from lltool.kernels.arch cimport llt_ticks_start, llt_ticks_stop
from lltool.kernels.recorder cimport llt_record, llt_recorder

# One operation on the things of a loop; `number` counts them, so that nothing can be computed once for all.
ctypedef void (*Operation)(void *things, uint64_t number) noexcept nogil

# A whole loop: without a recorder in one stretch, whose ticks it gives; with one, each operation's ticks go there.
ctypedef uint64_t (*Run)(void *things, llt_recorder *recorder, size_t count) noexcept nogil


cdef inline uint64_t repeat(
        Operation operation, void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    # A Run that names its operation gets a loop of its own, with the operation compiled into it.
    cdef uint64_t start, number
    if recorder is NULL:
        start = llt_ticks_start()
        for number in range(count):
            operation(things, number)
        return llt_ticks_stop() - start
    for number in range(count):
        start = llt_ticks_start()
        operation(things, number)
        llt_record(recorder, llt_ticks_stop() - start)
    return 0


# One operation that can fail; gives 0 or why it did.
ctypedef int (*Attempt)(void *things) noexcept nogil


cdef inline int repeat_while_good(
        Attempt attempt, void *things, llt_recorder *recorder, size_t count, uint64_t *ticks) noexcept nogil:
    # As repeat; gives the first failure, or 0, and the ticks of the stretch by the pointer.
    cdef uint64_t start = llt_ticks_start()
    cdef size_t _
    cdef int code
    for _ in range(count):
        if recorder is not NULL:
            start = llt_ticks_start()
        code = attempt(things)
        if code != 0:
            return code
        if recorder is not NULL:
            llt_record(recorder, llt_ticks_stop() - start)
    if recorder is NULL:
        ticks[0] = llt_ticks_stop() - start
    return 0


cdef class Loop:
    cdef Run run
    cdef void *things


# The thing at a place of a list; whether it came out well.
ctypedef bint (*Turn)(void *things, size_t at) noexcept nogil

# A whole loop over the list, round and round from `position` on, as a Run; gives how many came out well.
ctypedef size_t (*Turns)(void *things, size_t length, size_t *position, llt_recorder *recorder, size_t count,
                         uint64_t *ticks) noexcept nogil


cdef inline size_t take_turns(
        Turn turn, void *things, size_t length, size_t *position, llt_recorder *recorder, size_t count,
        uint64_t *ticks) noexcept nogil:
    # A Turns that names its turn gets a loop of its own, as with repeat; the ticks of a stretch come by the pointer.
    cdef uint64_t start = llt_ticks_start()
    cdef size_t _, good = 0, at = position[0]
    if recorder is NULL:
        for _ in range(count):
            good += turn(things, at)
            at = at + 1 if at + 1 < length else 0
        ticks[0] = llt_ticks_stop() - start
    else:
        for _ in range(count):
            start = llt_ticks_start()
            good += turn(things, at)
            llt_record(recorder, llt_ticks_stop() - start)
            at = at + 1 if at + 1 < length else 0
    position[0] = at
    return good


cdef class Cycle:
    cdef Turns turns
    cdef void *things
    cdef size_t length
    cdef size_t position
