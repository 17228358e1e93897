"""llt_arch.h for Cython: time stamps, pause, prefetch, and a value kept alive."""

from libc.stdint cimport uint32_t, uint64_t

cdef extern from "llt_arch.h" nogil:
    const char *LLT_ARCH
    uint64_t llt_ticks()
    uint64_t llt_ticks_start()
    uint64_t llt_ticks_stop()
    uint64_t llt_ticks_stop_core(uint32_t *core)
    void llt_pause()
    void llt_prefetch(const void *address)
    void llt_flush(const void *address)
    void llt_flushed()
    void llt_keep(uint64_t value)
    uint64_t llt_multiply_8(uint64_t value)
    int llt_fence_serialises()
    int llt_cpuid(uint32_t leaf, uint32_t *registers)
    int llt_cpuid_execute()
