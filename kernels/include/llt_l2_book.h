/* Price-level (L2) book of one instrument: total quantity by price and side, in integer ticks.
 *
 * Bids at or above asks (crossed) are held as they come: what that means is for the caller, who alone knows the venue.
 * One thread owns a book; other threads see its best prices through a seqlock.
 */
#ifndef LLT_L2_BOOK_H
#define LLT_L2_BOOK_H

#include <stddef.h>

#include "llt_l2_side.h"

enum { LLT_BID = 0, LLT_ASK = 1 };

typedef struct {
    llt_l2_side sides[2];
} llt_l2_book;

static inline void llt_l2_destroy(llt_l2_book *book) {
    llt_l2_side_destroy(&book->sides[LLT_BID]);
    llt_l2_side_destroy(&book->sides[LLT_ASK]);
}

/* `levels` a side are there without a later allocation. -1 when memory is not to be had; nothing to destroy then. */
static inline int llt_l2_init(llt_l2_book *book, size_t levels) {
    book->sides[LLT_ASK] = (llt_l2_side){0};
    if (llt_l2_side_init(&book->sides[LLT_BID], 0, levels) != 0 ||
        llt_l2_side_init(&book->sides[LLT_ASK], -1, levels) != 0) {
        llt_l2_destroy(book);
        return -1;
    }
    return 0;
}

#endif
