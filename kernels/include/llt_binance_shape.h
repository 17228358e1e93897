/* Price levels by their shape: how many digits each of the two numbers has, before and behind its point.
 *
 * An exchange sends the prices of a symbol with as many places each time, and its quantities too: nine levels in ten
 * have the shape of the one before. So a level is not searched for its points and quotes: it is taken to have the last
 * shape, and all of it, digits, points and quotes, is checked at once. The shape says of each byte the least that it
 * may be and how far above that it may lie ('0' and 9; '.' and 0; behind the level anything, and 255). What fits is
 * converted as the shape says: a shuffle puts each number's digits as eight before and eight behind the point, and
 * multiply-adds join them. Where the next level starts is known from the shape, not from the text: the levels overlap
 * in the processor.
 *
 * A level that does not fit is searched, and its shape is the last from then on. A number of more than eight digits on
 * a side or of more than 16 bytes, and anything that is no level, goes to the scalar reader, which decides.
 *
 * Registers of 512 bits were hardly quicker than two of 256: a level has 20 to 40 bytes.
 */
#ifndef LLT_BINANCE_SHAPE_H
#define LLT_BINANCE_SHAPE_H

#include "llt_binance_levels.h"
#include "llt_cpu.h"

#if defined(__x86_64__)

#include <immintrin.h>

/* Shuffles that put `d` digits (1..8) and `f` behind a point (0..8; 0: there is none) as 8 + 8; 0x80 makes a zero. */
#define LLT_AT(d, f, k) \
    ((unsigned char)((k) < 8 ? ((k) >= 8 - (d) ? (k) - (8 - (d)) : 0x80) : ((k) - 8 < (f) ? (d) + (k) - 7 : 0x80)))
#define LLT_ROW(d, f)                                                                                            \
    {LLT_AT(d, f, 0),  LLT_AT(d, f, 1),  LLT_AT(d, f, 2),  LLT_AT(d, f, 3),  LLT_AT(d, f, 4),  LLT_AT(d, f, 5),  \
     LLT_AT(d, f, 6),  LLT_AT(d, f, 7),  LLT_AT(d, f, 8),  LLT_AT(d, f, 9),  LLT_AT(d, f, 10), LLT_AT(d, f, 11), \
     LLT_AT(d, f, 12), LLT_AT(d, f, 13), LLT_AT(d, f, 14), LLT_AT(d, f, 15)}
#define LLT_ROWS(d)                                                                                   \
    {LLT_ROW(d, 0), LLT_ROW(d, 1), LLT_ROW(d, 2), LLT_ROW(d, 3), LLT_ROW(d, 4), LLT_ROW(d, 5), LLT_ROW(d, 6), \
     LLT_ROW(d, 7), LLT_ROW(d, 8)}

static const unsigned char llt_decimal_shuffles[8][9][16] __attribute__((aligned(64))) = {
    LLT_ROWS(1), LLT_ROWS(2), LLT_ROWS(3), LLT_ROWS(4), LLT_ROWS(5), LLT_ROWS(6), LLT_ROWS(7), LLT_ROWS(8)};

typedef struct {
    unsigned whole;  /* digits before the point */
    unsigned places; /* behind it; 0: there is none */
    unsigned size;
} llt_number_shape;

/* Of the number at `text`, whose bytes that are no digits are the bits of `others`; false: none for a shuffle. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 bool llt_number_shape_avx2(
    const unsigned char *text, uint64_t others, llt_number_shape *number) {
    number->whole = (unsigned)_tzcnt_u64(others);
    number->places = 0;
    number->size = number->whole;
    if (number->whole - 1 > 7 || (*text == '0' && number->whole > 1)) {
        return false;
    }
    if (text[number->whole] == '.') {
        number->size = (unsigned)_tzcnt_u64(_blsr_u64(others));
        number->places = number->size - number->whole - 1;
        return number->places - 1 <= 7 && number->size <= 16;
    }
    return true;
}

/* 16 bytes from each of the two places. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 __m256i llt_two_avx2(const unsigned char *low,
                                                                                  const unsigned char *high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)low)),
                                   _mm_loadu_si128((const __m128i *)(const void *)high), 1);
}

/* The bytes of `text` that are digits. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 __m256i llt_digits_avx2(__m256i text) {
    const __m256i digits = _mm256_sub_epi8(text, _mm256_set1_epi8('0'));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits);
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 __m256i llt_places_avx2(void) {
    return _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
                            25, 26, 27, 28, 29, 30, 31);
}

/* 32 bytes of a shape from those of a level, of which `size` are left here. `leads` is 0xff at a digit that must not be
 * 0. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 void llt_learn_half_avx2(
    __m256i text, int size, __m256i leads, unsigned char *least, unsigned char *range) {
    const __m256i is_digit = llt_digits_avx2(text);
    const __m256i behind = _mm256_cmpgt_epi8(llt_places_avx2(), _mm256_set1_epi8((char)(size - 1)));
    const __m256i digits_least = _mm256_sub_epi8(_mm256_set1_epi8('0'), leads);
    const __m256i digits_range = _mm256_add_epi8(_mm256_set1_epi8(9), leads);
    _mm256_store_si256((__m256i *)(void *)least, _mm256_blendv_epi8(text, digits_least, is_digit));
    _mm256_store_si256((__m256i *)(void *)range, _mm256_or_si256(_mm256_and_si256(digits_range, is_digit), behind));
}

/* The shape of the level whose price starts at `text`; false, and the shape as it was: it has none. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 bool llt_learn_avx2(const unsigned char *text,
                                                                                 llt_binance_shape *shape) {
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    const uint64_t others = ~((uint32_t)_mm256_movemask_epi8(llt_digits_avx2(low)) |
                              (uint64_t)(uint32_t)_mm256_movemask_epi8(llt_digits_avx2(high)) << 32);
    llt_number_shape price, quantity;
    if (!llt_number_shape_avx2(text, others, &price) || !llt_same(text + price.size, "\",\"", 3)) {
        return false;
    }
    const unsigned second = price.size + 3;
    if (!llt_number_shape_avx2(text + second, others >> second, &quantity) ||
        !llt_same(text + second + quantity.size, "\"]", 2)) {
        return false;
    }
    const int size = (int)(second + quantity.size + 2);
    const __m256i first_lead = _mm256_set1_epi8(price.whole > 1 ? 0 : -1);
    const __m256i second_lead = _mm256_set1_epi8(quantity.whole > 1 ? (char)second : -1);
    const __m256i leads = _mm256_or_si256(_mm256_cmpeq_epi8(llt_places_avx2(), first_lead),
                                          _mm256_cmpeq_epi8(llt_places_avx2(), second_lead));
    llt_learn_half_avx2(low, size, leads, shape->least, shape->range);
    llt_learn_half_avx2(high, size - 32, _mm256_setzero_si256(), shape->least + 32, shape->range + 32);
    _mm256_store_si256((__m256i *)(void *)shape->shuffle,
                       llt_two_avx2(llt_decimal_shuffles[price.whole - 1][price.places],
                                    llt_decimal_shuffles[quantity.whole - 1][quantity.places]));
    shape->quantity = second;
    shape->size = (uint32_t)size;
    return true;
}

/* Whether the 32 bytes are those of the shape. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 bool llt_fits_half_avx2(
    const unsigned char *text, const unsigned char *least, const unsigned char *range) {
    const __m256i above = _mm256_sub_epi8(_mm256_loadu_si256((const __m256i *)(const void *)text),
                                          _mm256_load_si256((const __m256i *)(const void *)least));
    const __m256i within = _mm256_min_epu8(above, _mm256_load_si256((const __m256i *)(const void *)range));
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(within, above)) == -1;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 bool llt_fits_avx2(const unsigned char *text,
                                                                                const llt_binance_shape *shape) {
    return shape->size != 0 && llt_fits_half_avx2(text, shape->least, shape->range) &&
           (shape->size <= 32 || llt_fits_half_avx2(text + 32, shape->least + 32, shape->range + 32));
}

/* Both numbers of a level that has the shape, price in the low half, to fixed point. */
static inline __attribute__((always_inline)) LLT_TARGET_AVX2 void llt_convert_avx2(const unsigned char *text,
                                                                                   const llt_binance_shape *shape,
                                                                                   llt_binance_level *level) {
    const __m256i numbers = llt_two_avx2(text, text + shape->quantity);
    const __m256i digits = _mm256_sub_epi8(numbers, _mm256_set1_epi8('0'));
    const __m256i aligned =
        _mm256_shuffle_epi8(digits, _mm256_load_si256((const __m256i *)(const void *)shape->shuffle));
    const __m256i pairs = _mm256_maddubs_epi16(aligned, _mm256_set1_epi16(0x010a));
    const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
    const __m256i packed = _mm256_packus_epi32(fours, fours);
    const __m256i eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x00012710));
    /* Each half: whole part in the low 32 bits, eight places in the next. */
    const __m256i whole = _mm256_mul_epu32(eights, _mm256_set1_epi64x(LLT_DECIMAL_SCALE));
    const __m256i sum = _mm256_add_epi64(whole, _mm256_srli_epi64(eights, 32));
    _mm_storeu_si128((__m128i *)(void *)level, _mm256_castsi256_si128(_mm256_permute4x64_epi64(sum, 0x08)));
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 llt_binance_status llt_binance_level_avx2(
    const unsigned char **at, llt_binance_level *level, llt_binance_shape *shape) {
    const unsigned char *text = *at + 2;
    if (llt_same(*at, "[\"", 2) && (llt_fits_avx2(text, shape) || llt_learn_avx2(text, shape))) {
        llt_convert_avx2(text, shape, level);
        *at = text + shape->size;
        return LLT_BINANCE_OK;
    }
    return llt_binance_level_scalar(at, level, shape);
}

#endif
#endif
