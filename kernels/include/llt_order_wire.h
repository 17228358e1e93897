/* An order as the bytes its venue takes: packed (llt_order_message.h), or FIX 4.4 from templates (llt_fix_build.h).
 *
 * FIX: NewOrderSingle (35=D, limit) and OrderCancelRequest (35=F). What never changes is in the
 * template of the instrument; the slots, in this order, are written each time:
 *
 *   D   34 52 11 54 60 38 44
 *   F   34 52 41 11 54 60 38
 *
 * ClOrdID is the order's number (below 2^63), that of a cancel has a C in front. The sequence number counts here: the session that
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
#define LLT_WIRE_FIX_VALUES (LLT_WIRE_FIX_SLOTS * LLT_DECIMAL_ROOM) /* at most, of one message */
#define LLT_WIRE_TIME 21                                            /* YYYYMMDD-HH:MM:SS.mmm */

typedef struct {
    llt_fix_template fresh;
    llt_fix_template cancel;
} llt_wire_forms;

typedef struct {
    const llt_wire_forms *forms; /* one an instrument; NULL: packed */
    llt_fix_builder *build;
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

static inline const unsigned char *llt_wire_fix(llt_order_wire *wire, const llt_wire_order *order, bool cancel,
                                                int64_t now_ns, size_t *size) {
    static const unsigned char sides[2] = {'1', '2'};
    unsigned char cancel_id[1 + LLT_DECIMAL_ROOM] = {'C'};
    const llt_wire_forms *forms = &wire->forms[order->symbol_id - 1];
    llt_wire_set_time(wire, now_ns);
    const llt_fix_value number = {.number = (int64_t)wire->next_number++};
    const llt_fix_value now = {.text = wire->time, .size = LLT_WIRE_TIME};
    const llt_fix_value id = {.number = (int64_t)order->id};
    const llt_fix_value side = {.text = sides + (order->side != 0), .size = 1};
    const llt_fix_value quantity = {.number = order->quantity};
    if (cancel) {
        const llt_written digits = llt_write_integer(llt_sixteen_digits, (int64_t)order->id, cancel_id + 1);
        const llt_fix_value own_id = {.text = cancel_id, .size = 1 + digits.size};
        const llt_fix_value values[LLT_WIRE_FIX_SLOTS] = {number, now, id, own_id, side, now, quantity};
        return wire->build(&forms->cancel, values, wire->text, wire->room, size);
    }
    const llt_fix_value price = {.number = order->price};
    const llt_fix_value values[LLT_WIRE_FIX_SLOTS] = {number, now, id, side, now, quantity, price};
    return wire->build(&forms->fresh, values, wire->text, wire->room, size);
}

static inline const unsigned char *llt_wire_packed(llt_order_wire *wire, const llt_wire_order *order, uint8_t kind,
                                                   size_t *size) {
    llt_order_message_pack(wire->text, kind, (uint8_t)order->side, order->symbol_id, order->id, order->price,
                           (uint64_t)order->quantity);
    *size = LLT_ORDER_MESSAGE_SIZE;
    return wire->text;
}

/* The message that sends the order, takes it back or asks about it, as `kind` of llt_order_message.h says: where it
 * starts, and `*size`. Never NULL: `room` does for every value that the slots can hold. It stands until the next one.
 * There is no template of a question in FIX: a cancel stands for it, whose answer says what became of the order. */
static inline const unsigned char *llt_order_wire_write(llt_order_wire *wire, const llt_wire_order *order,
                                                        uint8_t kind, size_t *size) {
    return wire->forms == NULL
               ? llt_wire_packed(wire, order, kind, size)
               : llt_wire_fix(wire, order, kind != LLT_ORDER_MESSAGE_NEW, llt_realtime_ns(), size);
}

#endif
