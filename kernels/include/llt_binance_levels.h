/* Price levels of a Binance depth message, ["61837.63000000","3.78826000"] one after the other: the part that costs.
 *
 * Scalar: each number by llt_decimal. Vector paths: one bit mask of the quotes in the next 64 bytes gives both ends of
 * both numbers; price and quantity lie in the two halves of a 256-bit register, are checked together, moved to eight
 * digits before and eight behind the point by one shuffle each, and joined by three multiply-adds. A number of more
 * than 16 bytes, without a point, or with anything else in it goes to the scalar reader, which decides.
 *
 * The only chain from one level to the next is load, compare, two bit scans: about 20 cycles; the conversions overlap.
 */
#ifndef LLT_BINANCE_LEVELS_H
#define LLT_BINANCE_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_bytes.h"
#include "llt_cpu.h"
#include "llt_decimal.h"

/* Bytes behind the end of the text that must be readable (their values do not matter). */
#define LLT_BINANCE_PADDING 128

typedef struct {
    int64_t price;    /* x 10^8 */
    int64_t quantity; /* x 10^8 */
} llt_binance_level;

typedef enum {
    LLT_BINANCE_OK,
    LLT_BINANCE_TRUNCATED,  /* the text ended in the middle of a message */
    LLT_BINANCE_UNEXPECTED, /* not what the schema has at this place */
    LLT_BINANCE_NUMBER,     /* no number, more places than 8, or a value that does not fit */
    LLT_BINANCE_ROOM,       /* more levels than the caller has room for */
    LLT_BINANCE_PAUSED      /* of a level reader: `stop` is reached, another level begins here */
} llt_binance_status;

/* Reads levels from `*at`, where one starts with ["; appends to `levels`. OK behind the closing ]], PAUSED at the first
 * level at or behind `stop`. `*at` is where it came to. */
typedef llt_binance_status llt_binance_level_reader(const unsigned char **at, const unsigned char *stop,
                                                    llt_binance_level *levels, size_t room, size_t *count);

/* Up to 8 bytes of a literal as a little-endian word; folds to a constant (a memcpy of 5 bytes does not). */
static inline __attribute__((always_inline)) uint64_t llt_word_of(const char *text, size_t size) {
    uint64_t word = 0;
#pragma GCC unroll 8
    for (size_t i = 0; i < size && i < 8; i++) {
        word |= (uint64_t)(unsigned char)text[i] << (8 * i);
    }
    return word;
}

/* Whether the `size` bytes (a constant, at most 32) at `at` are those of the literal `text`; loads whole words. */
static inline __attribute__((always_inline)) bool llt_same(const unsigned char *at, const char *text, size_t size) {
    uint64_t difference = 0;
#pragma GCC unroll 4
    for (size_t done = 0; done < size; done += 8) {
        const size_t left = size - done;
        const uint64_t unequal = llt_load_le64(at + done) ^ llt_word_of(text + done, left);
        difference |= left >= 8 ? unequal : unequal << (64 - 8 * left);
    }
    return difference == 0;
}

/* One level from `*at`; behind its ] afterwards. */
static inline llt_binance_status llt_binance_level_scalar(const unsigned char **at, llt_binance_level *level) {
    if (!llt_same(*at, "[\"", 2)) {
        return LLT_BINANCE_UNEXPECTED;
    }
    *at += 2;
    const unsigned char *next = llt_decimal(*at, &level->price);
    if (next == NULL) {
        return LLT_BINANCE_NUMBER;
    }
    *at = next;
    if (!llt_same(*at, "\",\"", 3)) {
        return LLT_BINANCE_UNEXPECTED;
    }
    *at += 3;
    next = llt_decimal(*at, &level->quantity);
    if (next == NULL) {
        return LLT_BINANCE_NUMBER;
    }
    *at = next + (*next == '"');
    if (*next != '"' || **at != ']') {
        return LLT_BINANCE_UNEXPECTED;
    }
    ++*at;
    return LLT_BINANCE_OK;
}

static inline llt_binance_status llt_binance_levels_scalar(const unsigned char **at, const unsigned char *stop,
                                                           llt_binance_level *levels, size_t room, size_t *count) {
    while (*at < stop) {
        if (*count == room) {
            return LLT_BINANCE_ROOM;
        }
        llt_binance_status status = llt_binance_level_scalar(at, &levels[*count]);
        if (status != LLT_BINANCE_OK) {
            return status;
        }
        ++*count;
        if (**at == ']') {
            ++*at;
            return LLT_BINANCE_OK;
        }
        if (**at != ',') {
            return LLT_BINANCE_UNEXPECTED;
        }
        ++*at;
    }
    return LLT_BINANCE_PAUSED;
}

#if defined(__x86_64__)

#include <immintrin.h>

/* Shuffles that put `d` digits, a point and `f` digits (1..8 each) as 8 + 8 digits; 0x80 makes a zero. */
#define LLT_AT(d, f, k) \
    ((unsigned char)((k) < 8 ? ((k) >= 8 - (d) ? (k) - (8 - (d)) : 0x80) : ((k) - 8 < (f) ? (d) + (k) - 7 : 0x80)))
#define LLT_ROW(d, f)                                                                                             \
    {LLT_AT(d, f, 0),  LLT_AT(d, f, 1),  LLT_AT(d, f, 2),  LLT_AT(d, f, 3),  LLT_AT(d, f, 4),  LLT_AT(d, f, 5),   \
     LLT_AT(d, f, 6),  LLT_AT(d, f, 7),  LLT_AT(d, f, 8),  LLT_AT(d, f, 9),  LLT_AT(d, f, 10), LLT_AT(d, f, 11),  \
     LLT_AT(d, f, 12), LLT_AT(d, f, 13), LLT_AT(d, f, 14), LLT_AT(d, f, 15)}
#define LLT_ROWS(d) \
    LLT_ROW(d, 1), LLT_ROW(d, 2), LLT_ROW(d, 3), LLT_ROW(d, 4), LLT_ROW(d, 5), LLT_ROW(d, 6), LLT_ROW(d, 7), LLT_ROW(d, 8)

static const unsigned char llt_decimal_shuffles[64][16] __attribute__((aligned(64))) = {
    LLT_ROWS(1), LLT_ROWS(2), LLT_ROWS(3), LLT_ROWS(4), LLT_ROWS(5), LLT_ROWS(6), LLT_ROWS(7), LLT_ROWS(8)};

/* Two decimals of `sizes` bytes (price in the low half of `text`) to fixed point; false: the scalar reader decides. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 bool llt_decimal_pair_avx2(
    const unsigned char *first, unsigned first_size, const unsigned char *second, unsigned second_size, void *values) {
    if (first_size - 3 > 13 || second_size - 3 > 13) {
        return false;
    }
    const __m256i text = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)first)),
        _mm_loadu_si128((const __m128i *)(const void *)second), 1);
    const __m256i digits = _mm256_sub_epi8(text, _mm256_set1_epi8('0'));
    const uint32_t inside = _bzhi_u32(0xffff, first_size) | _bzhi_u32(0xffff, second_size) << 16;
    const uint32_t good = (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits));
    const uint32_t zeros =
        (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(digits, _mm256_setzero_si256())) & 0x00010001u;
    const uint32_t points = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('.'))) & inside;
    /* One point in each half: a missing or second one in the first makes either position wrap to a large number. */
    const uint32_t second_points = _blsr_u32(points);
    const unsigned before_first = _tzcnt_u32(points) - 1;
    const unsigned before_second = _tzcnt_u32(second_points) - 17;
    const unsigned behind_first = first_size - before_first - 3;
    const unsigned behind_second = second_size - before_second - 3;
    /* All but the points are digits; a zero comes first only before a point; 1..8 digits (here 0..7) on all sides. */
    if (((~good & inside) ^ points) | _blsr_u32(second_points) | (zeros & ~(points >> 1)) |
        ((before_first | behind_first | before_second | behind_second) & ~7u)) {
        return false;
    }
    const unsigned first_row = before_first * 8 + behind_first;
    const unsigned second_row = before_second * 8 + behind_second;
    const __m256i shuffle = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_load_si128((const __m128i *)(const void *)llt_decimal_shuffles[first_row])),
        _mm_load_si128((const __m128i *)(const void *)llt_decimal_shuffles[second_row]), 1);
    const __m256i aligned = _mm256_shuffle_epi8(digits, shuffle);
    const __m256i pairs = _mm256_maddubs_epi16(aligned, _mm256_set1_epi16(0x010a));
    const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
    const __m256i packed = _mm256_packus_epi32(fours, fours);
    const __m256i eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x00012710));
    /* Each half: whole part in the low 32 bits, eight places in the next. */
    const __m256i whole = _mm256_mul_epu32(eights, _mm256_set1_epi64x(100000000));
    const __m256i sum = _mm256_add_epi64(whole, _mm256_srli_epi64(eights, 32));
    _mm_storeu_si128((__m128i *)values,
                     _mm_unpacklo_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)));
    return true;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 uint64_t llt_quotes_avx2(const unsigned char *at) {
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)at);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, quote)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, quote)) << 32;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX512 uint64_t llt_quotes_avx512(const unsigned char *at) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(at), _mm512_set1_epi8('"'));
}

/* The loop of the vector paths. `at` is at a level's ["; what does not fit goes to the scalar reader one by one. */
#define LLT_BINANCE_LEVELS(name, target, quotes_of)                                                                \
    static inline target llt_binance_status name(const unsigned char **from, const unsigned char *stop,            \
                                                 llt_binance_level *levels, size_t room, size_t *count) {          \
        const unsigned char *at = *from;                                                                           \
        size_t filled = *count;                                                                                    \
        llt_binance_status status = LLT_BINANCE_PAUSED;                                                            \
        bool opened = llt_same(at, "[\"", 2);                                                                      \
        while (at < stop) {                                                                                        \
            if (filled == room) {                                                                                  \
                status = LLT_BINANCE_ROOM;                                                                         \
                break;                                                                                             \
            }                                                                                                      \
            const unsigned char *text = at + 2;                                                                    \
            const uint64_t quotes = quotes_of(text);                                                               \
            const unsigned size = (unsigned)_tzcnt_u64(quotes);                                                    \
            const uint64_t behind = _blsr_u64(quotes) & ~(_blsi_u64(quotes) << 2);                                 \
            const unsigned end = (unsigned)_tzcnt_u64(behind);                                                     \
            if (opened && behind != 0 && llt_same(text + size, "\",\"", 3) &&                                      \
                llt_decimal_pair_avx2(text, size, text + size + 3, end - size - 3, &levels[filled])) {             \
                if (llt_same(text + end, "\"],[\"", 5)) {                                                          \
                    at = text + end + 3;                                                                           \
                    filled++;                                                                                      \
                    continue;                                                                                      \
                }                                                                                                  \
                at = text + end + 1;                                                                               \
                status = *at == ']' ? LLT_BINANCE_OK : LLT_BINANCE_UNEXPECTED;                                     \
                at += status == LLT_BINANCE_OK;                                                                    \
            } else {                                                                                               \
                status = llt_binance_level_scalar(&at, &levels[filled]);                                           \
            }                                                                                                      \
            if (status != LLT_BINANCE_OK) {                                                                        \
                break;                                                                                             \
            }                                                                                                      \
            filled++;                                                                                              \
            if (*at != ',') {                                                                                      \
                status = *at == ']' ? LLT_BINANCE_OK : LLT_BINANCE_UNEXPECTED;                                     \
                at += status == LLT_BINANCE_OK;                                                                    \
                break;                                                                                             \
            }                                                                                                      \
            at++;                                                                                                  \
            opened = llt_same(at, "[\"", 2);                                                                       \
            status = LLT_BINANCE_PAUSED;                                                                           \
        }                                                                                                          \
        *from = at;                                                                                                \
        *count = filled;                                                                                           \
        return status;                                                                                             \
    }

LLT_BINANCE_LEVELS(llt_binance_levels_avx2, LLT_TARGET_AVX2, llt_quotes_avx2)
LLT_BINANCE_LEVELS(llt_binance_levels_avx512, LLT_TARGET_AVX512, llt_quotes_avx512)

#endif
#endif
