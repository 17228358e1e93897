/* Integers and fixed-point numbers as decimal text: eight digits at a time by multiplications, without a division.
 *
 * `sixteen` is how a writer gets the digits: llt_sixteen_digits, or that of a wider path.
 *
 * Each writer gives how long the text is and the sum of its bytes, which a checksum needs; it may write more bytes than
 * that: LLT_DECIMAL_ROOM is enough for any.
 */
#ifndef LLT_DECIMAL_WRITE_H
#define LLT_DECIMAL_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "llt_bytes.h"
#include "llt_cpu.h"
#include "llt_decimal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LLT_DECIMAL_LONGEST 21
#define LLT_DECIMAL_ROOM 40

typedef struct {
    size_t size;
    uint64_t sum;
} llt_written;

/* Eight decimal digits of a number below 10^8, each 0..9 in a byte, the first in the lowest: halved three times. */
static inline uint64_t llt_eight_digits(uint32_t value) {
    const uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    const uint64_t hundreds = (fours * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    const uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    const uint64_t tens = (twos * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return tens | (twos - tens * 10) << 8;
}

/* Three digits of a number below 1000; both quotients are exact there, and neither waits for the other. */
static inline uint32_t llt_three_digits(uint32_t value) {
    const uint32_t hundreds = value * 41 >> 12, tens = value * 205 >> 11;
    return hundreds | (tens - hundreds * 10) << 8 | (value - tens * 10) << 16;
}

typedef struct {
    uint64_t high;
    uint64_t low;
} llt_digit_words;

/* The digits of two numbers below 10^8. */
typedef llt_digit_words llt_sixteen(uint32_t high, uint32_t low);

static inline llt_digit_words llt_sixteen_digits(uint32_t high, uint32_t low) {
#if defined(__x86_64__)
    /* The three halvings of both at once. Each reciprocal is exact below the power of ten that it divides. */
    const __m128i both = _mm_set_epi64x((long long)low, (long long)high);
    const __m128i thousands = _mm_srli_epi64(_mm_mul_epu32(both, _mm_set1_epi64x(3518437209)), 45);
    const __m128i rest = _mm_sub_epi64(both, _mm_mul_epu32(thousands, _mm_set1_epi64x(10000)));
    const __m128i fours = _mm_or_si128(thousands, _mm_slli_epi64(rest, 32));
    const __m128i hundreds = _mm_srli_epi16(_mm_mulhi_epu16(fours, _mm_set1_epi16(5243)), 3);
    const __m128i below = _mm_sub_epi16(fours, _mm_mullo_epi16(hundreds, _mm_set1_epi16(100)));
    const __m128i twos = _mm_or_si128(hundreds, _mm_slli_epi32(below, 16));
    const __m128i tens = _mm_mulhi_epu16(twos, _mm_set1_epi16(6554));
    const __m128i ones = _mm_sub_epi16(twos, _mm_mullo_epi16(tens, _mm_set1_epi16(10)));
    const __m128i digits = _mm_or_si128(tens, _mm_slli_epi16(ones, 8));
    return (llt_digit_words){(uint64_t)_mm_cvtsi128_si64(digits),
                             (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(digits, digits))};
#else
    return (llt_digit_words){llt_eight_digits(high), llt_eight_digits(low)};
#endif
}

#if defined(__x86_64__)
/* All digits of a number in two multiplications (D. Lemire, "Converting integers to fixed-width strings faster with
 * AVX-512", 2022): n / 10^k with 52 bits behind the point loses its whole part, and ten times the rest is the digit.
 * 2^52 / 10^k is rounded up, so that the rest is never too small; too large it is by less than n / 2^52, which is less
 * than the last place of n / 10^k as long as k < 8. For k = 8 it is rounded down, and what n may lack is added. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX512 __m512i llt_eight_digits_avx512(uint32_t value) {
    const __m512i parts = _mm512_setr_epi64(45035996, 450359963, 4503599628, 45035996274, 450359962738, 4503599627371,
                                            45035996273705, 450359962737050);
    const __m512i lacking = _mm512_setr_epi64(27370496, 0, 0, 0, 0, 0, 0, 0);
    const __m512i rests = _mm512_madd52lo_epu64(lacking, _mm512_set1_epi64(value), parts);
    return _mm512_madd52hi_epu64(_mm512_setzero_si512(), rests, _mm512_set1_epi64(10));
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX512 llt_digit_words llt_sixteen_digits_avx512(uint32_t high,
                                                                                                         uint32_t low) {
    const __m512i lowest_bytes = _mm512_castsi128_si512(
        _mm_setr_epi8(0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120));
    const __m512i digits =
        _mm512_permutex2var_epi8(llt_eight_digits_avx512(high), lowest_bytes, llt_eight_digits_avx512(low));
    return (llt_digit_words){(uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(digits)),
                             (uint64_t)_mm_extract_epi64(_mm512_castsi512_si128(digits), 1)};
}
#endif

/* The sum of `count` characters whose digits are those bytes. */
static inline uint64_t llt_digits_sum(uint64_t digits, size_t count) {
    return (digits * UINT64_C(0x0101010101010101) >> 56) + '0' * count;
}

/* Digits without those zeros in front that are needless. */
static inline llt_written llt_write_digits(uint64_t digits, unsigned char *out) {
    const unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    llt_store_le64(out, (digits | LLT_ZEROS) >> (8 * zeros));
    return (llt_written){8 - zeros, llt_digits_sum(digits, 8 - zeros)};
}

/* A number with nine digits or more. In line: a call from code for AVX-512 would run SSE instructions while the upper
 * halves of the registers are in use, for which one Intel processor waits 130 ns. */
static inline __attribute__((always_inline)) llt_written llt_write_long(uint64_t value, unsigned char *out) {
    const uint64_t eight = (uint64_t)LLT_DECIMAL_SCALE, high = value / eight;
    const llt_digit_words digits = llt_sixteen_digits((uint32_t)(high % eight), (uint32_t)(value % eight));
    llt_written text;
    if (high < eight) {
        text = llt_write_digits(digits.high, out);
    } else {
        text = llt_write_digits(llt_eight_digits((uint32_t)(high / eight)), out);
        llt_store_le64(out + text.size, digits.high | LLT_ZEROS);
        text = (llt_written){text.size + 8, text.sum + llt_digits_sum(digits.high, 8)};
    }
    llt_store_le64(out + text.size, digits.low | LLT_ZEROS);
    return (llt_written){text.size + 8, text.sum + llt_digits_sum(digits.low, 8)};
}

static inline __attribute__((always_inline)) llt_written llt_write_whole(llt_sixteen *sixteen, uint64_t value,
                                                                         unsigned char *out) {
    return value < (uint64_t)LLT_DECIMAL_SCALE ? llt_write_digits(sixteen(0, (uint32_t)value).low, out)
                                               : llt_write_long(value, out);
}

/* The minus of a number below zero, and what follows it. */
static inline llt_written llt_behind_minus(unsigned char *out, llt_written text) {
    out[0] = '-';
    return (llt_written){text.size + 1, text.sum + '-'};
}

static inline __attribute__((always_inline)) llt_written llt_write_integer(llt_sixteen *sixteen, int64_t value,
                                                                           unsigned char *out) {
    if (__builtin_expect(value < 0, 0)) {
        return llt_behind_minus(out, llt_write_whole(sixteen, 0 - (uint64_t)value, out + 1));
    }
    return llt_write_whole(sixteen, (uint64_t)value, out);
}

/* A decimal that is not below zero: both halves' digits at once; those that are long or have no places apart. */
static inline __attribute__((always_inline)) llt_written llt_write_fixed(llt_sixteen *sixteen, uint64_t value,
                                                                         unsigned char *out) {
    const uint64_t scale = (uint64_t)LLT_DECIMAL_SCALE, whole = value / scale;
    const llt_digit_words digits = sixteen((uint32_t)whole, (uint32_t)(value % scale));
    if (__builtin_expect(whole >= scale || digits.low == 0, 0)) {
        llt_written text = llt_write_whole(sixteen, whole, out);
        if (digits.low == 0) {
            return text;
        }
        const size_t places = 8 - (unsigned)__builtin_clzll(digits.low) / 8;
        out[text.size] = '.';
        llt_store_le64(out + text.size + 1, digits.low | LLT_ZEROS);
        return (llt_written){text.size + 1 + places, text.sum + '.' + llt_digits_sum(digits.low, places)};
    }
    const unsigned zeros = (unsigned)__builtin_ctzll(digits.high | UINT64_C(1) << 56) / 8;
    const unsigned unused = (unsigned)__builtin_clzll(digits.low) / 8;
    const size_t size = 16 - zeros - unused;
    llt_store_le64(out, (digits.high | LLT_ZEROS) >> (8 * zeros));
    out[8 - zeros] = '.';
    llt_store_le64(out + 9 - zeros, digits.low | LLT_ZEROS);
    return (llt_written){size + 1, '.' + llt_digits_sum(digits.high + digits.low, size)};
}

/* A fixed-point number (x 10^8) without needless zeros: 5, 61837.63, -0.00000001. */
static inline __attribute__((always_inline)) llt_written llt_write_decimal(llt_sixteen *sixteen, int64_t value,
                                                                           unsigned char *out) {
    if (__builtin_expect(value < 0, 0)) {
        return llt_behind_minus(out, llt_write_fixed(sixteen, 0 - (uint64_t)value, out + 1));
    }
    return llt_write_fixed(sixteen, (uint64_t)value, out);
}

#endif
