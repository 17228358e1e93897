/* Free list of fixed-size records for one thread, unchecked: for inner loops.
 *
 * The link lives in the free record itself, so a record costs nothing but its size, and acquire and release are a load
 * and a store. A double release, or a write to a released record, corrupts the list: llt_pool.h refuses both.
 *
 * The record released last is acquired first: it is the one still in the cache.
 */
#ifndef LLT_FREE_LIST_H
#define LLT_FREE_LIST_H

#include <stddef.h>
#include <string.h>

typedef struct {
    void *first;
} llt_free_list;

/* NULL when every record is in use. */
static inline void *llt_free_list_acquire(llt_free_list *list) {
    void *record = list->first;
    if (__builtin_expect(record != NULL, 1)) {
        memcpy(&list->first, record, sizeof(void *));
    }
    return record;
}

static inline void llt_free_list_release(llt_free_list *list, void *record) {
    memcpy(record, &list->first, sizeof(void *));
    list->first = record;
}

/* Puts `count` records of `stride` bytes (a pointer or more) on the list, the first of them on top. */
static inline void llt_free_list_fill(llt_free_list *list, void *memory, size_t count, size_t stride) {
    for (size_t i = count; i-- > 0;) {
        llt_free_list_release(list, (unsigned char *)memory + i * stride);
    }
}

#endif
