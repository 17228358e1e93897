/* Large arrays: zeroed, on lines of their own, touched once, on huge pages where the kernel gives them.
 *
 * An array of a million records that is read at random misses the TLB at nearly every access on 4 kB pages; on 2 MB
 * pages it does not. Writing the zeros takes the page faults here, not in the caller's inner loop.
 */
#ifndef LLT_LARGE_H
#define LLT_LARGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LLT_LARGE_LINE ((size_t)64)
#define LLT_LARGE_PAGE ((size_t)2 << 20)

/* `count` zeroed objects of `size` bytes, to be given to free(); NULL when the memory is not to be had. */
static inline void *llt_large_zeroed(size_t count, size_t size) {
    if (size != 0 && count > (size_t)PTRDIFF_MAX / size - LLT_LARGE_PAGE) {
        return NULL;
    }
    const size_t bytes = count * size;
    const size_t unit = bytes < LLT_LARGE_PAGE ? LLT_LARGE_LINE : LLT_LARGE_PAGE;
    const size_t whole = (bytes + unit - 1) & ~(unit - 1);
    void *memory = aligned_alloc(unit, whole);
    if (memory == NULL) {
        return NULL;
    }
    if (unit == LLT_LARGE_PAGE) {
        (void)madvise(memory, whole, MADV_HUGEPAGE); /* a wish: without it the array is only slower */
    }
    return memset(memory, 0, bytes);
}

/* The same with the first `kept` objects of `old`, which is freed; on NULL `old` is as before. */
static inline void *llt_large_grown(void *old, size_t kept, size_t count, size_t size) {
    void *memory = llt_large_zeroed(count, size);
    if (memory != NULL && old != NULL) {
        memcpy(memory, old, kept * size);
        free(old);
    }
    return memory;
}

#endif
