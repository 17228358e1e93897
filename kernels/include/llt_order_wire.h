/* An order as the bytes its venue takes: packed (llt_order_message.h), or FIX 4.4 from templates (llt_fix_build.h).
 *
 * FIX: NewOrderSingle (35=D, limit, immediate-or-cancel) and OrderCancelRequest (35=F). What never changes is in the
 * template of the instrument; the slots, in this order, are written each time:
 *
 *   D   34 52 11 54 60 38 44
 *   F   34 52 41 11 54 60 38
 *
 * ClOrdID is the order's number, that of a cancel has a C in front. The sequence number counts here: the session that
 * logged on gives the first, and goes on with the next. One thread owns a wire.
 */
#ifndef LLT_ORDER_WIRE_H
#define LLT_ORDER_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "llt_fix_build.h"
#include "llt_kernel_stamps.h"
#include "llt_order_message.h"

#define LLT_WIRE_FIX_SLOTS 7
#define LLT_WIRE_FIX_VALUES (7 * LLT_FIX_DECIMAL_ROOM) /* at most, of one message */
#define LLT_WIRE_TIME 21                               /* YYYYMMDD-HH:MM:SS.mmm */

typedef struct {
    llt_fix_template fresh;
    llt_fix_template cancel;
} llt_wire_forms;

typedef struct {
    const llt_wire_forms *forms; /* one an instrument; NULL: packed */
    size_t room;                 /* of `text` */
    uint64_t next_number;        /* MsgSeqNum */
    int64_t second;              /* that `time` shows */
    unsigned char time[LLT_WIRE_TIME + 3];
    unsigned char *text; /* the message is written in here */
} llt_order_wire;

/* What goes out about an order of instrument `symbol_id` (from 1). */
typedef struct {
    uint64_t id;
    int64_t price;
    int64_t quantity;
    uint32_t symbol_id;
    uint32_t side;
} llt_wire_order;

static inline void llt_wire_two_digits(unsigned char *to, int value) {
    to[0] = (unsigned char)('0' + value / 10);
    to[1] = (unsigned char)('0' + value % 10);
}

/* The calendar is asked once a second; between two seconds only the last three digits are written. */
static inline void llt_wire_set_time(llt_order_wire *wire, int64_t now_ns) {
    const int64_t second = now_ns / 1000000000;
    if (__builtin_expect(second != wire->second, 0)) {
        const time_t whole = (time_t)second;
        struct tm utc;
        gmtime_r(&whole, &utc);
        wire->second = second;
        llt_wire_two_digits(wire->time, (utc.tm_year + 1900) / 100);
        llt_wire_two_digits(wire->time + 2, utc.tm_year % 100);
        llt_wire_two_digits(wire->time + 4, utc.tm_mon + 1);
        llt_wire_two_digits(wire->time + 6, utc.tm_mday);
        wire->time[8] = '-';
        llt_wire_two_digits(wire->time + 9, utc.tm_hour);
        wire->time[11] = ':';
        llt_wire_two_digits(wire->time + 12, utc.tm_min);
        wire->time[14] = ':';
        llt_wire_two_digits(wire->time + 15, utc.tm_sec);
        wire->time[17] = '.';
    }
    const int thousandths = (int)(now_ns / 1000000 % 1000);
    wire->time[18] = (unsigned char)('0' + thousandths / 100);
    llt_wire_two_digits(wire->time + 19, thousandths % 100);
}

/* Decimal digits of any number; LLT_FIX_DECIMAL_ROOM bytes may be written. */
static inline size_t llt_wire_number(uint64_t value, unsigned char *out) {
    size_t size = 0;
    if (value >= UINT64_C(10000000000000000)) {
        size += llt_write_short((uint32_t)(value / UINT64_C(10000000000000000)), out);
        llt_store_le64(out + size, llt_eight_digits((uint32_t)(value / 100000000 % 100000000)) | LLT_ZEROS);
        size += 8;
    } else if (value >= 100000000) {
        size += llt_write_short((uint32_t)(value / 100000000), out);
    } else {
        return llt_write_short((uint32_t)value, out);
    }
    llt_store_le64(out + size, llt_eight_digits((uint32_t)(value % 100000000)) | LLT_ZEROS);
    return size + 8;
}

static inline const unsigned char *llt_wire_fix(llt_order_wire *wire, const llt_wire_order *order, bool cancel,
                                                int64_t now_ns, size_t *size) {
    static const unsigned char sides[2] = {'1', '2'};
    unsigned char number[LLT_FIX_DECIMAL_ROOM], id[LLT_FIX_DECIMAL_ROOM + 1], price[LLT_FIX_DECIMAL_ROOM],
        quantity[LLT_FIX_DECIMAL_ROOM];
    const llt_wire_forms *forms = &wire->forms[order->symbol_id - 1];
    llt_wire_set_time(wire, now_ns);
    id[0] = 'C';
    const llt_fix_value number_value = {number, llt_wire_number(wire->next_number++, number)};
    const llt_fix_value time_value = {wire->time, LLT_WIRE_TIME};
    const llt_fix_value id_value = {id + 1, llt_wire_number(order->id, id + 1)};
    const llt_fix_value side_value = {sides + (order->side != 0), 1};
    const llt_fix_value quantity_value = {quantity, llt_fix_write_decimal(order->quantity, quantity)};
    if (cancel) {
        const llt_fix_value values[LLT_WIRE_FIX_SLOTS] = {
            number_value, time_value, id_value, {id, id_value.size + 1}, side_value, time_value, quantity_value};
        return llt_fix_build(&forms->cancel, values, wire->text, wire->room, size);
    }
    const llt_fix_value values[LLT_WIRE_FIX_SLOTS] = {
        number_value, time_value, id_value,
        side_value,   time_value, quantity_value, {price, llt_fix_write_decimal(order->price, price)}};
    return llt_fix_build(&forms->fresh, values, wire->text, wire->room, size);
}

static inline const unsigned char *llt_wire_packed(llt_order_wire *wire, const llt_wire_order *order, bool cancel,
                                                   size_t *size) {
    llt_order_message_pack(wire->text, cancel ? LLT_ORDER_MESSAGE_CANCEL : LLT_ORDER_MESSAGE_NEW,
                           (uint8_t)order->side, order->symbol_id, order->id, order->price,
                           (uint64_t)order->quantity);
    *size = LLT_ORDER_MESSAGE_SIZE;
    return wire->text;
}

/* The message that sends the order, or with `cancel` the one that takes it back: where it starts, and `*size`. Never
 * NULL: `room` does for every value that the slots can hold. It stands until the next one. */
static inline const unsigned char *llt_order_wire_write(llt_order_wire *wire, const llt_wire_order *order, bool cancel,
                                                        size_t *size) {
    return wire->forms == NULL ? llt_wire_packed(wire, order, cancel, size)
                               : llt_wire_fix(wire, order, cancel, llt_realtime_ns(), size);
}

#endif
