/* Which instruction sets this CPU has, for kernels that choose their code at run time.
 *
 * The build is portable (x86-64 baseline); wider code is compiled by __attribute__((target)) beside it and taken only
 * where this says so. __builtin_cpu_supports also asks whether the kernel saves the registers.
 *
 * avx512 is that of Ice Lake and Zen 4 on, with the byte compress and permute of VBMI and the 52-bit products of IFMA:
 * what came before it is slower in 512 bits than in 256 and takes avx2.
 */
#ifndef LLT_CPU_H
#define LLT_CPU_H

#include <stdbool.h>

typedef enum { LLT_CPU_SCALAR, LLT_CPU_AVX2, LLT_CPU_AVX512 } llt_cpu_path;

#if defined(__x86_64__)
#define LLT_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#define LLT_TARGET_AVX512                                                                                             \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512ifma,avx2,bmi,"  \
                          "bmi2,lzcnt,popcnt")))
#else /* never called: llt_cpu_best gives neither */
#define LLT_TARGET_AVX2
#define LLT_TARGET_AVX512
#endif

/* The widest of the three that this CPU runs. */
static inline llt_cpu_path llt_cpu_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("popcnt")) {
        return LLT_CPU_SCALAR;
    }
    const bool foundation = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                            __builtin_cpu_supports("avx512cd");
    if (foundation && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("avx512ifma")) {
        return LLT_CPU_AVX512;
    }
    return LLT_CPU_AVX2;
#else
    return LLT_CPU_SCALAR;
#endif
}

static inline const char *llt_cpu_name(llt_cpu_path path) {
    return path == LLT_CPU_AVX512 ? "avx512" : path == LLT_CPU_AVX2 ? "avx2" : "scalar";
}

#endif
