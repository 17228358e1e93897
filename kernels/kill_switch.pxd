from libc.stdint cimport uint64_t


cdef extern from "llt_kill_switch.h" nogil:
    enum:
        LLT_KILL_MAGIC
        LLT_KILL_NONE
        LLT_KILL_OPERATOR
        LLT_KILL_SIGNAL
        LLT_KILL_LOSS
        LLT_KILL_STALE
        LLT_KILL_BREAKER
        LLT_KILL_SUPERVISOR
        LLT_KILL_SOURCES

    ctypedef struct llt_kill_switch:
        uint64_t magic

    void llt_kill_init(llt_kill_switch *kill)
    uint64_t llt_kill_source(const llt_kill_switch *kill)
    bint llt_kill_trip(llt_kill_switch *kill, uint64_t source, uint64_t now_ns)
    bint llt_kill_is_quiet(const llt_kill_switch *kill)
    bint llt_kill_may_send(llt_kill_switch *kill)
    void llt_kill_sent(llt_kill_switch *kill)
    void llt_kill_beat(llt_kill_switch *kill, uint64_t now_ns)
    bint llt_kill_watch(llt_kill_switch *kill, uint64_t now_ns, uint64_t limit_ns)


cdef class KillSwitch:
    # In nogil code pass `raw` to the functions above; the one sender calls llt_kill_may_send and llt_kill_sent.
    cdef llt_kill_switch *raw
    cdef bint mapped
    cdef _hold(self, void *memory)
