/* Loads and stores of integers at any address, in either byte order.
 *
 * Fields of wire formats are not aligned: each access is a memcpy of its width, one instruction on x86-64 and aarch64
 * and no undefined behaviour. The other byte order costs one bswap.
 */
#ifndef LLT_BYTES_H
#define LLT_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LLT_FROM_LE(bits, value) (value)
#define LLT_FROM_BE(bits, value) __builtin_bswap##bits(value)
#else
#define LLT_FROM_LE(bits, value) __builtin_bswap##bits(value)
#define LLT_FROM_BE(bits, value) (value)
#endif

/* llt_load_le16, llt_store_be64 and so on: one shape for each width and order. A turn is its own inverse. */
#define LLT_LOAD_AND_STORE(order, from, bits)                                                                \
    static inline uint##bits##_t llt_load_##order##bits(const unsigned char *at) {                           \
        uint##bits##_t value;                                                                                \
        memcpy(&value, at, sizeof value);                                                                    \
        return from(bits, value);                                                                            \
    }                                                                                                        \
    static inline void llt_store_##order##bits(unsigned char *at, uint##bits##_t value) {                    \
        value = from(bits, value);                                                                           \
        memcpy(at, &value, sizeof value);                                                                    \
    }

LLT_LOAD_AND_STORE(le, LLT_FROM_LE, 16)
LLT_LOAD_AND_STORE(le, LLT_FROM_LE, 32)
LLT_LOAD_AND_STORE(le, LLT_FROM_LE, 64)
LLT_LOAD_AND_STORE(be, LLT_FROM_BE, 16)
LLT_LOAD_AND_STORE(be, LLT_FROM_BE, 32)
LLT_LOAD_AND_STORE(be, LLT_FROM_BE, 64)

#endif
