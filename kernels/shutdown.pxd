from libc.stdint cimport uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64
from lltool.kernels.kill_switch cimport KillSwitch, llt_kill_switch


cdef extern from "llt_shutdown.h" nogil:
    enum:
        LLT_SHUTDOWN_ASKED

    ctypedef struct llt_shutdown:
        llt_atomic_u64 reason

    struct sigaction:
        pass

    bint llt_shutdown_requested(const llt_shutdown *token)
    void llt_shutdown_request(llt_shutdown *token, uint64_t reason)
    int llt_shutdown_install(llt_shutdown *token, llt_kill_switch *kill, sigaction *previous)
    int llt_shutdown_restore(const sigaction *previous)


cdef class ShutdownToken:
    # Loops take `raw` before they release the GIL and ask llt_shutdown_requested each turn.
    cdef llt_shutdown *raw
    cdef KillSwitch kill
    cdef sigaction[2] previous
