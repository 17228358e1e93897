/* The 29-byte market data message: packed, little endian on every host.
 *
 *   offset 0   u8   type          1 trade, 2 quote
 *          1   u32  symbol_id
 *          5   i64  price         fixed point, 8 decimals
 *          13  u64  quantity
 *          21  u64  timestamp_ns
 *
 * Zero copy: a message is a pointer into the receive buffer, fields are loaded when asked for. Every field but the
 * first is unaligned, so each load is a memcpy of its width: one instruction on x86-64 and aarch64, and no undefined
 * behaviour. A pointer is only handed out after llt_message_check.
 * The format has no length, version or checksum: framing and gaps are the business of whatever carries it.
 */
#ifndef LLT_MESSAGE_H
#define LLT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "llt_bytes.h"

#define LLT_MESSAGE_SIZE 29

enum { LLT_MESSAGE_TRADE = 1, LLT_MESSAGE_QUOTE = 2 };

typedef enum { LLT_MESSAGE_OK, LLT_MESSAGE_TRUNCATED, LLT_MESSAGE_UNKNOWN_TYPE } llt_message_status;

enum {
    LLT_MESSAGE_AT_TYPE = 0,
    LLT_MESSAGE_AT_SYMBOL_ID = 1,
    LLT_MESSAGE_AT_PRICE = 5,
    LLT_MESSAGE_AT_QUANTITY = 13,
    LLT_MESSAGE_AT_TIMESTAMP_NS = 21
};

_Static_assert(LLT_MESSAGE_AT_TIMESTAMP_NS + sizeof(uint64_t) == LLT_MESSAGE_SIZE, "fields fill the message");

/* Whether a whole message of a known type starts at `offset`. No sum of sizes is formed that could overflow. */
static inline llt_message_status llt_message_check(const unsigned char *buffer, size_t size, size_t offset) {
    if (offset > size || size - offset < LLT_MESSAGE_SIZE) {
        return LLT_MESSAGE_TRUNCATED;
    }
    unsigned char type = buffer[offset + LLT_MESSAGE_AT_TYPE];
    if (type != LLT_MESSAGE_TRADE && type != LLT_MESSAGE_QUOTE) {
        return LLT_MESSAGE_UNKNOWN_TYPE;
    }
    return LLT_MESSAGE_OK;
}

/* Checks messages that follow one another; gives the number of good ones before the first bad one or the end. */
static inline size_t llt_message_check_many(const unsigned char *buffer, size_t size) {
    size_t offset = 0;
    while (llt_message_check(buffer, size, offset) == LLT_MESSAGE_OK) {
        offset += LLT_MESSAGE_SIZE;
    }
    return offset / LLT_MESSAGE_SIZE;
}

static inline uint8_t llt_message_type(const unsigned char *message) { return message[LLT_MESSAGE_AT_TYPE]; }

static inline uint32_t llt_message_symbol_id(const unsigned char *message) {
    return llt_load_le32(message + LLT_MESSAGE_AT_SYMBOL_ID);
}

static inline int64_t llt_message_price(const unsigned char *message) {
    return (int64_t)llt_load_le64(message + LLT_MESSAGE_AT_PRICE);
}

static inline uint64_t llt_message_quantity(const unsigned char *message) {
    return llt_load_le64(message + LLT_MESSAGE_AT_QUANTITY);
}

static inline uint64_t llt_message_timestamp_ns(const unsigned char *message) {
    return llt_load_le64(message + LLT_MESSAGE_AT_TIMESTAMP_NS);
}

/* Writes LLT_MESSAGE_SIZE bytes. The type is the caller's to check. */
static inline void llt_message_pack(unsigned char *message, uint8_t type, uint32_t symbol_id, int64_t price,
                                    uint64_t quantity, uint64_t timestamp_ns) {
    message[LLT_MESSAGE_AT_TYPE] = type;
    llt_store_le32(message + LLT_MESSAGE_AT_SYMBOL_ID, symbol_id);
    llt_store_le64(message + LLT_MESSAGE_AT_PRICE, (uint64_t)price);
    llt_store_le64(message + LLT_MESSAGE_AT_QUANTITY, quantity);
    llt_store_le64(message + LLT_MESSAGE_AT_TIMESTAMP_NS, timestamp_ns);
}

#endif
