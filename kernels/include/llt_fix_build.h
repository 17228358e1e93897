/* Building FIX messages from a template: constant text copied, values written between, 9 and 10 computed at the end.
 *
 * The template is the body cut at its slots: piece, value, piece, value ... piece. Room for the header is left in front
 * and filled last, right-aligned, so that BodyLength has no padding and nothing is moved. The sum of the constant text
 * is known beforehand; values are added up while they are in registers, so that the message is never read again.
 *
 * Pieces are copied in blocks without a look at their size: each is padded to whole blocks in the template, and the out
 * buffer has room behind the message. Texts are the caller's: not a byte behind them is read.
 */
#ifndef LLT_FIX_BUILD_H
#define LLT_FIX_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_cpu.h"
#include "llt_decimal_write.h"
#include "llt_fix.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LLT_FIX_HEADER 32      /* room in front: 8=FIX.4.4|9=nnnnnnnn| */
#define LLT_FIX_PREFIX_SUM 663 /* of 8=FIX.4.4|9= */
#define LLT_FIX_BLOCK 32
#define LLT_FIX_BEHIND 64 /* bytes of the out buffer behind what is written that may be overwritten */

typedef enum { LLT_FIX_TEXT, LLT_FIX_INTEGER, LLT_FIX_DECIMAL } llt_fix_kind;

typedef struct {
    const unsigned char *text; /* whole blocks, one at least */
    uint32_t size;             /* of the text */
    llt_fix_kind kind;         /* of the slot behind it */
} llt_fix_piece;

typedef struct {
    const llt_fix_piece *pieces; /* slots + 1 */
    size_t slots;
    uint64_t sum; /* of the bytes of all pieces */
} llt_fix_template;

typedef struct {
    const unsigned char *text; /* of a text */
    union {
        size_t size;    /* of a text */
        int64_t number; /* the integer, or the decimal x 10^8 */
    };
} llt_fix_value;

/* Sums of bytes, of which the whole is taken once a message: two of them in a register where there is one. */
#if defined(__x86_64__)
typedef __m128i llt_fix_sums;
#define LLT_FIX_NO_SUMS _mm_setzero_si128()
#define LLT_FIX_ADD(sums, more) _mm_add_epi64(sums, more)
#define LLT_FIX_WHOLE(sums) llt_fix_halves(sums)
#else
typedef uint64_t llt_fix_sums;
#define LLT_FIX_NO_SUMS 0
#define LLT_FIX_ADD(sums, more) ((sums) + (more))
#define LLT_FIX_WHOLE(sums) (sums)
#endif

/* Copies `size` bytes and gives their sums. LLT_FIX_BEHIND bytes behind them may be written, none read. */
typedef llt_fix_sums llt_fix_text_writer(unsigned char *to, const unsigned char *from, size_t size);

#if defined(__x86_64__)

/* Up to seven bytes in a word, the others 0: loads that overlap, joined. */
static inline uint64_t llt_fix_few(const unsigned char *from, size_t size) {
    if (size >= 4) {
        return llt_load_le32(from) | (uint64_t)llt_load_le32(from + size - 4) << (8 * (size - 4));
    }
    if (size == 0) {
        return 0;
    }
    const size_t middle = size / 2, last = size - 1;
    return from[0] | (uint64_t)from[middle] << (8 * middle) | (uint64_t)from[last] << (8 * last);
}

/* SSE2 is part of x86-64. */
static inline __attribute__((always_inline)) llt_fix_sums llt_fix_text_scalar(
    unsigned char *to, const unsigned char *from, size_t size) {
    __m128i sums = _mm_setzero_si128();
    for (; size >= 16; size -= 16, from += 16, to += 16) {
        const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)from);
        _mm_storeu_si128((__m128i *)(void *)to, text);
        sums = _mm_add_epi64(sums, _mm_sad_epu8(text, _mm_setzero_si128()));
    }
    uint64_t word = 0;
    if (size >= 8) {
        word = llt_load_le64(from);
        llt_store_le64(to, word);
        sums = _mm_add_epi64(sums, _mm_sad_epu8(_mm_cvtsi64_si128((long long)word), _mm_setzero_si128()));
        from += 8;
        to += 8;
        size -= 8;
    }
    word = llt_fix_few(from, size);
    llt_store_le64(to, word);
    sums = _mm_add_epi64(sums, _mm_sad_epu8(_mm_cvtsi64_si128((long long)word), _mm_setzero_si128()));
    return sums;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX512 llt_fix_sums llt_fix_text_avx512(
    unsigned char *to, const unsigned char *from, size_t size) {
    __m256i sums = _mm256_setzero_si256();
    for (size_t at = 0; at < size; at += 32) {
        const __mmask32 valid = size - at >= 32 ? UINT32_MAX : _bzhi_u32(UINT32_MAX, (unsigned)(size - at));
        const __m256i text = _mm256_maskz_loadu_epi8(valid, from + at);
        _mm256_storeu_si256((__m256i *)(void *)(to + at), text);
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(text, _mm256_setzero_si256()));
    }
    return _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

#else

static inline llt_fix_sums llt_fix_text_scalar(unsigned char *to, const unsigned char *from, size_t size) {
    llt_fix_sums sum = LLT_FIX_NO_SUMS;
    for (size_t at = 0; at < size; at++) {
        to[at] = from[at];
        sum += from[at];
    }
    return sum;
}

#endif

/* Header and trailer round the body out[LLT_FIX_HEADER..at), whose bytes have that sum; gives where the message
 * starts. */
static inline unsigned char *llt_fix_close(unsigned char *out, unsigned char *at, uint64_t sum, size_t *size) {
    const size_t length = (size_t)(at - out) - LLT_FIX_HEADER;
    const uint64_t digits = length < 1000 ? (uint64_t)llt_three_digits((uint32_t)length) << 40
                                          : llt_eight_digits((uint32_t)length);
    const unsigned count = 8 - (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    unsigned char *start = out + LLT_FIX_HEADER - 1 - count - LLT_FIX_PREFIX;
    out[LLT_FIX_HEADER - 1] = LLT_FIX_SOH;
    llt_store_le64(out + LLT_FIX_HEADER - 1 - 8, digits | LLT_ZEROS);
    memcpy(start, "8=FIX.4.4\0019=", LLT_FIX_PREFIX);
    sum += LLT_FIX_PREFIX_SUM + llt_digits_sum(digits, count) + LLT_FIX_SOH;
    /* 10=000 and SOH */
    llt_store_le64(at, UINT64_C(0x00013030303d3031) | (uint64_t)llt_three_digits((uint32_t)sum & 255) << 24);
    *size = (size_t)(at + LLT_FIX_TRAILER - start);
    return start;
}

/* Writes the message into `out`; gives where it starts, NULL when `room` does not do or it is too long. `*size` is its
 * size. */
static inline __attribute__((always_inline)) unsigned char *llt_fix_build_with(
    llt_fix_text_writer *write_text, llt_sixteen *sixteen, const llt_fix_template *form, const llt_fix_value *values,
    unsigned char *out, size_t room, size_t *size) {
    if (room < LLT_FIX_HEADER + LLT_FIX_BEHIND) {
        return NULL;
    }
    unsigned char *at = out + LLT_FIX_HEADER;
    const unsigned char *end = out + room - LLT_FIX_BEHIND;
    uint64_t sum = form->sum;
    llt_fix_sums texts = LLT_FIX_NO_SUMS;
    const llt_fix_piece *const last = form->pieces + form->slots;
    for (const llt_fix_piece *piece = form->pieces;; piece++, values++) {
        const size_t text_size = piece == last                 ? 0
                                 : piece->kind == LLT_FIX_TEXT ? values->size
                                                               : LLT_DECIMAL_LONGEST;
        if (piece->size > (size_t)(end - at) || text_size > (size_t)(end - at) - piece->size) {
            return NULL;
        }
        memcpy(at, piece->text, LLT_FIX_BLOCK);
        for (size_t copied = LLT_FIX_BLOCK; copied < piece->size; copied += LLT_FIX_BLOCK) {
            memcpy(at + copied, piece->text + copied, LLT_FIX_BLOCK);
        }
        at += piece->size;
        if (piece == last) {
            break;
        }
        if (piece->kind == LLT_FIX_TEXT) {
            texts = LLT_FIX_ADD(texts, write_text(at, values->text, text_size));
            at += text_size;
        } else {
            const llt_written text = piece->kind == LLT_FIX_DECIMAL ? llt_write_decimal(sixteen, values->number, at)
                                                                    : llt_write_integer(sixteen, values->number, at);
            at += text.size;
            sum += text.sum;
        }
    }
    if ((size_t)(at - out) - LLT_FIX_HEADER > LLT_FIX_LONGEST) {
        return NULL;
    }
    return llt_fix_close(out, at, sum + LLT_FIX_WHOLE(texts), size);
}

typedef unsigned char *llt_fix_builder(const llt_fix_template *form, const llt_fix_value *values, unsigned char *out,
                                       size_t room, size_t *size);

static unsigned char *llt_fix_build_scalar(const llt_fix_template *form, const llt_fix_value *values,
                                           unsigned char *out, size_t room, size_t *size) {
    return llt_fix_build_with(llt_fix_text_scalar, llt_sixteen_digits, form, values, out, room, size);
}

#if defined(__x86_64__)
LLT_TARGET_AVX2 static unsigned char *llt_fix_build_avx2(const llt_fix_template *form, const llt_fix_value *values,
                                                         unsigned char *out, size_t room, size_t *size) {
    return llt_fix_build_with(llt_fix_text_scalar, llt_sixteen_digits, form, values, out, room, size);
}

LLT_TARGET_AVX512 static unsigned char *llt_fix_build_avx512(const llt_fix_template *form, const llt_fix_value *values,
                                                             unsigned char *out, size_t room, size_t *size) {
    return llt_fix_build_with(llt_fix_text_avx512, llt_sixteen_digits_avx512, form, values, out, room, size);
}
#endif

/* The builder for a path that this CPU has (llt_cpu_best()). */
static inline llt_fix_builder *llt_fix_builder_of(llt_cpu_path path) {
#if defined(__x86_64__)
    if (path == LLT_CPU_AVX512) {
        return llt_fix_build_avx512;
    }
    if (path == LLT_CPU_AVX2) {
        return llt_fix_build_avx2;
    }
#endif
    (void)path;
    return llt_fix_build_scalar;
}

#endif
