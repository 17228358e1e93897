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
#define LLT_LITTLE_16(value) (value)
#define LLT_LITTLE_32(value) (value)
#define LLT_LITTLE_64(value) (value)
#define LLT_BIG_16(value) __builtin_bswap16(value)
#define LLT_BIG_32(value) __builtin_bswap32(value)
#define LLT_BIG_64(value) __builtin_bswap64(value)
#else
#define LLT_LITTLE_16(value) __builtin_bswap16(value)
#define LLT_LITTLE_32(value) __builtin_bswap32(value)
#define LLT_LITTLE_64(value) __builtin_bswap64(value)
#define LLT_BIG_16(value) (value)
#define LLT_BIG_32(value) (value)
#define LLT_BIG_64(value) (value)
#endif

static inline uint16_t llt_load_le16(const unsigned char *from) {
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return LLT_LITTLE_16(value);
}

static inline uint32_t llt_load_le32(const unsigned char *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return LLT_LITTLE_32(value);
}

static inline uint64_t llt_load_le64(const unsigned char *from) {
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return LLT_LITTLE_64(value);
}

static inline uint16_t llt_load_be16(const unsigned char *from) {
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return LLT_BIG_16(value);
}

static inline uint32_t llt_load_be32(const unsigned char *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return LLT_BIG_32(value);
}

static inline uint64_t llt_load_be64(const unsigned char *from) {
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return LLT_BIG_64(value);
}

static inline void llt_store_le32(unsigned char *to, uint32_t value) {
    value = LLT_LITTLE_32(value);
    memcpy(to, &value, sizeof value);
}

static inline void llt_store_le64(unsigned char *to, uint64_t value) {
    value = LLT_LITTLE_64(value);
    memcpy(to, &value, sizeof value);
}

#endif
