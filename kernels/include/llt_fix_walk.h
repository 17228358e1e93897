/* A FIX message field by field: for those with data fields, and to say what is wrong with one and where. */
#ifndef LLT_FIX_WALK_H
#define LLT_FIX_WALK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_bytes.h"
#include "llt_decimal.h"
#include "llt_fix_fields.h"
#include "llt_fix_heads.h"

typedef enum {
    LLT_FIX_OK,
    LLT_FIX_PARTIAL,     /* so far good: more bytes are needed */
    LLT_FIX_BEGIN,       /* it does not start with 8=FIX.4.4|9= */
    LLT_FIX_BODY_LENGTH, /* no number, or no trailer where it leads */
    LLT_FIX_CHECKSUM,    /* not three digits, or not the sum */
    LLT_FIX_TAG,         /* no tag, or one that may not stand here */
    LLT_FIX_VALUE,       /* empty */
    LLT_FIX_DATA,        /* a data field without its length, or one that does not fit */
    LLT_FIX_ROOM         /* the caller's room does not do: LLT_FIX_ROOM_FOR */
} llt_fix_status;

static inline void llt_fix_add(llt_fix_fields *fields, uint32_t tag, size_t begin, size_t end) {
    fields->tags[fields->count] = tag;
    fields->begins[fields->count] = (uint32_t)begin;
    fields->ends[fields->count++] = (uint32_t)end;
}

/* Adds the fields of text[body..trailer). OK, or what is wrong at `*position`. */
static __attribute__((noinline)) llt_fix_status llt_fix_walk(const unsigned char *text, size_t body, size_t trailer,
                                                             llt_fix_fields *fields, size_t *position) {
    for (size_t start = body; start < trailer;) {
        uint32_t tag, value;
        const size_t end = (size_t)((const unsigned char *)memchr(text + start, LLT_FIX_SOH, trailer - start) - text);
        *position = start;
        /* The trailer's 7 bytes behind the last SOH keep every load of eight inside the message. */
        if (!llt_fix_head(text, (uint32_t)start, &tag, &value)) {
            return LLT_FIX_TAG;
        }
        if (value >= end) {
            *position = value;
            return LLT_FIX_VALUE;
        }
        llt_fix_add(fields, tag, value, end);
        start = end + 1;
        const uint32_t data_tag = llt_fix_data_tag(tag);
        if (data_tag == LLT_FIX_IS_FRAME) {
            return LLT_FIX_TAG;
        }
        if (data_tag != 0) {
            uint32_t data_end;
            const uint32_t data = llt_fix_data(text, value, (uint32_t)end, (uint32_t)trailer, data_tag, &data_end);
            if (data == 0) {
                return LLT_FIX_DATA;
            }
            llt_fix_add(fields, data_tag, data, data_end);
            start = data_end + 1;
        }
    }
    return LLT_FIX_OK;
}

#endif
