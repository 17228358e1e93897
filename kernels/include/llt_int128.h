/* 128-bit integers for Cython, which has no such type: halves in and out. Money is price times quantity, x 10^16. */
#ifndef LLT_INT128_H
#define LLT_INT128_H

#include <stdint.h>

typedef __int128 llt_int128;

static inline llt_int128 llt_int128_of(int64_t high, uint64_t low) {
    return (llt_int128)((unsigned __int128)(uint64_t)high << 64 | low);
}
static inline int64_t llt_int128_high(llt_int128 value) { return (int64_t)(value >> 64); }
static inline uint64_t llt_int128_low(llt_int128 value) { return (uint64_t)value; }

#endif
