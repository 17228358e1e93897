"""Two threads that hand the turn to each other and wait for it, by a chosen means."""

from cpython.exc cimport PyErr_SetFromErrno
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cimport cython

from lltool.kernels.loops.loop cimport repeat_while_good
from lltool.kernels.recorder cimport Recorder, llt_recorder

import os

cdef extern from "llt_handoff.h" nogil:
    ctypedef enum llt_handoff_means:
        LLT_HANDOFF_SPIN
        LLT_HANDOFF_MUTEX
        LLT_HANDOFF_CONDVAR
        LLT_HANDOFF_FUTEX
        LLT_HANDOFF_EVENTFD
        LLT_HANDOFF_PIPE
    ctypedef struct llt_handoff:
        pass
    llt_handoff *llt_handoff_create(llt_handoff_means means)
    void llt_handoff_destroy(llt_handoff *game)
    int llt_handoff_pass(llt_handoff *game, int side)
    int llt_handoff_await(llt_handoff *game, int side)
    int llt_handoff_end(llt_handoff *game)

cdef enum:
    MEASURED = 0
    PEER = 1

cdef dict _MEANS = {
    "spin": LLT_HANDOFF_SPIN,
    "mutex": LLT_HANDOFF_MUTEX,
    "condvar": LLT_HANDOFF_CONDVAR,
    "futex": LLT_HANDOFF_FUTEX,
    "eventfd": LLT_HANDOFF_EVENTFD,
    "pipe": LLT_HANDOFF_PIPE,
}


cdef int _round_trip(void *things) noexcept nogil:
    cdef llt_handoff *game = <llt_handoff *>things
    cdef int code = llt_handoff_pass(game, PEER)
    return code if code != 0 else llt_handoff_await(game, MEASURED)


cdef int _answer(llt_handoff *game) noexcept nogil:
    cdef int code = 0
    while code == 0:
        code = llt_handoff_await(game, PEER)
        if code == 0:
            code = llt_handoff_pass(game, MEASURED)
    return code


cdef object _failure(int code):
    return OSError(code, os.strerror(code))


@cython.final
cdef class Handoff:
    """A game of turns between the measuring thread and one that runs :meth:`answer`.

    ``means`` is ``spin``, ``mutex``, ``condvar``, ``futex``, ``eventfd`` or ``pipe``. ``spin`` and ``mutex`` poll, so
    each side needs its own core. ValueError for another means, OSError and MemoryError where it cannot be set up.
    """

    cdef llt_handoff *game

    def __cinit__(self, str means not None):
        if means not in _MEANS:
            raise ValueError(f"means {means!r} is not one of {', '.join(_MEANS)}")
        self.game = llt_handoff_create(_MEANS[means])
        if self.game is NULL:
            PyErr_SetFromErrno(OSError)

    def __dealloc__(self):
        if self.game is not NULL:
            llt_handoff_destroy(self.game)

    def answer(self):
        """Give every turn back until :meth:`stop`; runs without the GIL, in a thread of its own."""
        cdef int code
        with nogil:
            code = _answer(self.game)
        if code > 0:
            raise _failure(code)

    def stop(self):
        """End :meth:`answer`, after the last round trip."""
        cdef int code = llt_handoff_end(self.game)
        if code != 0:
            raise _failure(code)

    def block(self, size_t round_trips):
        """Make ``round_trips`` in one stretch; returns their length in ticks."""
        cdef uint64_t ticks = 0
        cdef int code
        with nogil:
            code = repeat_while_good(_round_trip, self.game, NULL, round_trips, &ticks)
        if code != 0:
            raise _failure(code)
        return ticks

    def each(self, Recorder recorder, size_t round_trips):
        """Make ``round_trips`` and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        cdef int code
        with nogil:
            code = repeat_while_good(_round_trip, self.game, raw, round_trips, NULL)
        if code != 0:
            raise _failure(code)
