/* Where the fields of a FIX message end, and the sum of its bytes: one pass, 64 bytes a step, no look at single bytes.
 *
 * A step gives a mask of SOH and adds the bytes up (psadbw). The places of a mask's bits are stored sixteen or eight at
 * a time whether or not there are as many: their count is not worth a guess. More than sixteen in 64 bytes is no row of
 * fields (data may hold SOH): such a message is not taken.
 */
#ifndef LLT_FIX_ENDS_H
#define LLT_FIX_ENDS_H

#include <stddef.h>
#include <stdint.h>

#include "llt_cpu.h"
#include "llt_fix_fields.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Gives how many SOH are in text[0..size), their places in `ends` (LLT_FIX_ROOM_FOR(size)), the sum of the bytes in
 * `*sum`; 0 when they are too dense. `size` is at least 16. */
typedef size_t llt_fix_find_ends(const unsigned char *text, size_t size, uint32_t *ends, uint64_t *sum);

#if defined(__x86_64__)

/* Loads at `+ kept` have ones in their last `kept` bytes: 0..16. */
static const unsigned char llt_fix_keep[32] = {[16] = 255, 255, 255, 255, 255, 255, 255, 255,
                                               255,        255, 255, 255, 255, 255, 255, 255};

static inline uint64_t llt_fix_halves(__m128i sums) {
    return (uint64_t)_mm_cvtsi128_si64(sums) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
}

/* Mask of 16 bytes, whose sum is added to `*sums` and count of SOH, byte by byte, to `*counts`. */
static inline __attribute__((always_inline)) uint64_t llt_fix_part(__m128i text, __m128i *sums, __m128i *counts) {
    const __m128i found = _mm_cmpeq_epi8(text, _mm_set1_epi8(LLT_FIX_SOH));
    *sums = _mm_add_epi64(*sums, _mm_sad_epu8(text, _mm_setzero_si128()));
    *counts = _mm_sub_epi8(*counts, found);
    return (uint64_t)(unsigned)_mm_movemask_epi8(found);
}

/* The last 1..64 bytes of text[0..size): loads that would pass the end start earlier and are cut to what is new. */
static inline __attribute__((always_inline)) uint64_t llt_fix_last(const unsigned char *text, size_t base, size_t size,
                                                                   __m128i *sums, __m128i *counts) {
    uint64_t mask = 0;
#pragma GCC unroll 4
    for (unsigned part = 0; part < 4; part++) {
        const size_t wanted = base + 16 * part;
        const size_t at = wanted < size - 16 ? wanted : size - 16;
        const size_t old = wanted - at < 16 ? wanted - at : 16;
        const __m128i keep = _mm_loadu_si128((const __m128i *)(const void *)(llt_fix_keep + 16 - old));
        const __m128i text_kept = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)(text + at)), keep);
        mask |= llt_fix_part(text_kept, sums, counts) >> old << (16 * part);
    }
    return mask;
}

/* Stores where the `count` bits of a mask are, from `base` on. */
static inline __attribute__((always_inline)) void llt_fix_places(uint64_t mask, size_t count, size_t base,
                                                                 uint32_t *places) {
    for (size_t done = 0; done < count; done += 8) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++) {
            uint32_t place = (uint32_t)base + (uint32_t)__builtin_ctzll(mask | UINT64_C(1) << 63);
            __asm__("" : "+r"(place)); /* gcc would gather eight of them in a vector, one by one */
            places[done + i] = place;
            mask &= mask - 1;
        }
    }
}

/* SSE2 is part of x86-64: this is the portable path there. */
static inline __attribute__((always_inline)) size_t llt_fix_ends_scalar(const unsigned char *text, size_t size,
                                                                        uint32_t *ends, uint64_t *sum) {
    __m128i sums = _mm_setzero_si128();
    size_t found = 0;
    for (size_t base = 0; base < size; base += 64) {
        __m128i counts = _mm_setzero_si128();
        uint64_t mask = 0;
        if (size - base >= 64) {
#pragma GCC unroll 4
            for (unsigned part = 0; part < 4; part++) {
                const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + base + 16 * part));
                mask |= llt_fix_part(bytes, &sums, &counts) << (16 * part);
            }
        } else {
            mask = llt_fix_last(text, base, size, &sums, &counts);
        }
        const size_t count = (size_t)llt_fix_halves(_mm_sad_epu8(counts, _mm_setzero_si128()));
        if (count > LLT_FIX_LANES) {
            return 0;
        }
        llt_fix_places(mask, count, base, ends + found);
        found += count;
    }
    *sum = llt_fix_halves(sums);
    return found;
}

/* The same; tzcnt of nothing is defined. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 void llt_fix_places_avx2(uint64_t mask, size_t count,
                                                                                      size_t base, uint32_t *places) {
    for (size_t done = 0; done < count; done += 8) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++) {
            uint32_t place = (uint32_t)base + (uint32_t)_tzcnt_u64(mask);
            __asm__("" : "+r"(place));
            places[done + i] = place;
            mask = _blsr_u64(mask);
        }
    }
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 size_t llt_fix_ends_avx2(const unsigned char *text,
                                                                                      size_t size, uint32_t *ends,
                                                                                      uint64_t *sum) {
    const __m256i soh = _mm256_set1_epi8(LLT_FIX_SOH), zero = _mm256_setzero_si256();
    __m256i wide_sums = zero;
    __m128i sums = _mm_setzero_si128(), counts = _mm_setzero_si128();
    size_t found = 0;
    for (size_t base = 0; base < size; base += 64) {
        uint64_t mask;
        if (size - base >= 64) {
            const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(text + base));
            const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + base + 32));
            wide_sums = _mm256_add_epi64(wide_sums,
                                         _mm256_add_epi64(_mm256_sad_epu8(low, zero), _mm256_sad_epu8(high, zero)));
            mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, soh)) |
                   (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, soh)) << 32;
        } else {
            mask = llt_fix_last(text, base, size, &sums, &counts);
        }
        const size_t count = (size_t)__builtin_popcountll(mask);
        if (count > LLT_FIX_LANES) {
            return 0;
        }
        llt_fix_places_avx2(mask, count, base, ends + found);
        found += count;
    }
    const __m128i low = _mm256_castsi256_si128(wide_sums), high = _mm256_extracti128_si256(wide_sums, 1);
    sums = _mm_add_epi64(sums, _mm_add_epi64(low, high));
    *sum = llt_fix_halves(sums);
    return found;
}


/* The numbers 0 to 63, to be compressed to the places of a mask's bits. */
static const unsigned char llt_fix_numbers[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

static inline __attribute__((always_inline)) LLT_TARGET_AVX512 size_t llt_fix_ends_avx512(const unsigned char *text,
                                                                                          size_t size, uint32_t *ends,
                                                                                          uint64_t *sum) {
    const __m512i soh = _mm512_set1_epi8(LLT_FIX_SOH), numbers = _mm512_loadu_si512(llt_fix_numbers);
    __m512i sums = _mm512_setzero_si512();
    size_t found = 0;
    for (size_t base = 0; base < size; base += 64) {
        const __mmask64 valid = size - base >= 64 ? UINT64_MAX : _bzhi_u64(UINT64_MAX, (unsigned)(size - base));
        const __m512i bytes = _mm512_maskz_loadu_epi8(valid, text + base);
        const __mmask64 mask = _mm512_cmpeq_epi8_mask(bytes, soh);
        const size_t count = (size_t)__builtin_popcountll(mask);
        if (count > LLT_FIX_LANES) {
            return 0;
        }
        const __m128i places = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(mask, numbers));
        _mm512_storeu_si512(ends + found, _mm512_add_epi32(_mm512_cvtepu8_epi32(places), _mm512_set1_epi32((int)base)));
        sums = _mm512_add_epi64(sums, _mm512_sad_epu8(bytes, _mm512_setzero_si512()));
        found += count;
    }
    *sum = (uint64_t)_mm512_reduce_add_epi64(sums);
    return found;
}

#else

static inline size_t llt_fix_ends_scalar(const unsigned char *text, size_t size, uint32_t *ends, uint64_t *sum) {
    size_t found = 0, dense = 0;
    uint64_t bytes = 0;
    for (size_t at = 0; at < size; at++) {
        bytes += text[at];
        if (text[at] == LLT_FIX_SOH) {
            dense = at / 64 == (found == 0 ? 0 : ends[found - 1]) / 64 ? dense + 1 : 1;
            if (dense > LLT_FIX_LANES) {
                return 0;
            }
            ends[found++] = (uint32_t)at;
        }
    }
    *sum = bytes;
    return found;
}

#endif

#endif
