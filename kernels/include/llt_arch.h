/* Every instruction that differs between architectures.
 *
 * llt_ticks_start / llt_ticks_stop bracket a measured piece of code:
 *   start = lfence; rdtsc; lfence   nothing earlier leaks in, nothing measured starts before the stamp
 *   stop  = rdtscp; lfence          waits for the measured code, nothing later moves up
 * (reference: measurement of fences on Zen 4 and Sapphire Rapids, design.md section 6.)
 * lfence serialises dispatch on Intel always, on AMD where the kernel set DE_CFG[1]: the passport says.
 */
#ifndef LLT_ARCH_H
#define LLT_ARCH_H

#include <stdint.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <x86intrin.h>

#define LLT_ARCH "x86_64"

static inline uint64_t llt_ticks(void) { return __rdtsc(); }

static inline uint64_t llt_ticks_start(void) {
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return ((uint64_t)high << 32) | low;
}

/* *core receives TSC_AUX: core number in bits 0-11, node above; a change between two stops is a migration. */
static inline uint64_t llt_ticks_stop_core(uint32_t *core) {
    uint32_t low, high, aux;
    __asm__ volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high), "=c"(aux) : : "memory");
    *core = aux;
    return ((uint64_t)high << 32) | low;
}

static inline uint64_t llt_ticks_stop(void) {
    uint32_t core;
    return llt_ticks_stop_core(&core);
}

/* 1: lfence waits for all earlier instructions; -1: this part does not say. Never 0: there is no way to learn that. */
static inline int llt_fence_serialises(void) {
    unsigned a, b, c, d;
    if (__get_cpuid(0, &a, &b, &c, &d) && b == signature_INTEL_ebx) {
        return 1;
    }
    return __get_cpuid(0x80000021u, &a, &b, &c, &d) && (a & 4u) ? 1 : -1;
}

/* One CPUID leaf; 0 where the processor, or the hypervisor in its own range, has no such leaf. */
static inline int llt_cpuid(uint32_t leaf, uint32_t registers[4]) {
    uint32_t highest, b, c, d;
    __cpuid(leaf & 0xf0000000u, highest, b, c, d);
    if (highest < leaf || (leaf >= 0x40000000u && highest >> 28 != leaf >> 28)) {
        return 0;
    }
    __cpuid_count(leaf, 0, registers[0], registers[1], registers[2], registers[3]);
    return 1;
}

/* CPUID alone, to see what it costs: a hypervisor intercepts it. */
static inline int llt_cpuid_execute(void) {
    uint32_t a, b, c, d;
    __cpuid(0, a, b, c, d);
    return 1;
}

static inline void llt_pause(void) { _mm_pause(); }

/* In assembler: gcc takes a function that only prefetches for one without an effect and leaves its calls out. */
static inline void llt_prefetch(const void *address) {
    __asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)address));
}

/* For a line that will be written: asks for it at once, not when the write's turn comes. x86-64 parts without the
   instruction take it for none. */
static inline void llt_prefetch_to_write(const void *address) {
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
}

/* Drops one line from every cache of the machine; llt_flushed() waits until all drops are done. */
static inline void llt_flush(const void *address) { _mm_clflush(address); }

static inline void llt_flushed(void) { _mm_mfence(); }

#elif defined(__aarch64__)

#define LLT_ARCH "aarch64"

static inline uint64_t llt_ticks(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
}

static inline uint64_t llt_ticks_start(void) {
    uint64_t value;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(value) : : "memory");
    return value;
}

/* The architecture has no stamp that carries the core: 0 always, so that no migration is ever claimed. */
static inline uint64_t llt_ticks_stop_core(uint32_t *core) {
    *core = 0;
    return llt_ticks_start();
}

static inline uint64_t llt_ticks_stop(void) { return llt_ticks_start(); }

static inline int llt_fence_serialises(void) { return 1; } /* isb, by the architecture */

/* No such instruction here: 0 always. */
static inline int llt_cpuid(uint32_t leaf, uint32_t registers[4]) {
    (void)leaf;
    (void)registers;
    return 0;
}

static inline int llt_cpuid_execute(void) { return 0; }

static inline void llt_pause(void) { __asm__ volatile("yield" : : : "memory"); }

static inline void llt_prefetch(const void *address) {
    __asm__ volatile("prfm pldl1keep, %a0" : : "p"(address));
}

static inline void llt_prefetch_to_write(const void *address) {
    __asm__ volatile("prfm pstl1keep, %a0" : : "p"(address));
}

static inline void llt_flush(const void *address) { __asm__ volatile("dc civac, %0" : : "r"(address) : "memory"); }

static inline void llt_flushed(void) { __asm__ volatile("dsb sy" : : : "memory"); }

#else
#error "lltool needs x86-64 or aarch64"
#endif

/* Keeps a value alive without storing it, so that the compiler cannot drop the code that made it. */
static inline void llt_keep(uint64_t value) { __asm__ volatile("" : : "r"(value) : "memory"); }

/* Eight multiplications that each need the one before: a piece of work whose length in cycles is known. */
static inline uint64_t llt_multiply_8(uint64_t value) {
    for (int link = 0; link < 8; link++) {
        value *= 0x9e3779b97f4a7c15u;
        __asm__ volatile("" : "+r"(value));
    }
    return value;
}

#endif
