/* The packed order: 32 bytes, little endian on every host, for an exchange that takes orders as plainly as it sends data.
 *
 *   offset 0   u8   type       1 new (limit), 2 cancel, 3 query
 *          1   u8   side       0 buy, 1 sell
 *          2   u16  reserved   0
 *          4   u32  symbol_id
 *          8   u64  order_id
 *          16  i64  price      fixed point, 8 decimals
 *          24  u64  quantity   fixed point, 8 decimals
 */
#ifndef LLT_ORDER_MESSAGE_H
#define LLT_ORDER_MESSAGE_H

#include <stdint.h>

#include "llt_bytes.h"

#define LLT_ORDER_MESSAGE_SIZE 32

enum { LLT_ORDER_MESSAGE_NEW = 1, LLT_ORDER_MESSAGE_CANCEL = 2, LLT_ORDER_MESSAGE_QUERY = 3 };

/* Writes LLT_ORDER_MESSAGE_SIZE bytes. */
static inline void llt_order_message_pack(unsigned char *message, uint8_t type, uint8_t side, uint32_t symbol_id,
                                          uint64_t order_id, int64_t price, uint64_t quantity) {
    llt_store_le64(message, (uint64_t)type | (uint64_t)side << 8 | (uint64_t)symbol_id << 32);
    llt_store_le64(message + 8, order_id);
    llt_store_le64(message + 16, (uint64_t)price);
    llt_store_le64(message + 24, quantity);
}

#endif
