/* Large arrays: zeroed, on huge pages where the kernel gives them, and grown without a copy.
 *
 * An array of a million records that is read at random misses the TLB at nearly every access on 4 kB pages; on 2 MB
 * pages it does not. From 2 MB on an array is a mapping of its own, aligned to 2 MB, for which huge pages are asked. To
 * grow it moves page tables instead of bytes, and what is new is touched, zeroed by the kernel, page by page as it is
 * used. Smaller arrays come from the heap. Under AddressSanitizer all do, so that it sees the first byte behind each.
 */
#ifndef LLT_LARGE_H
#define LLT_LARGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LLT_LARGE_LINE ((size_t)64)
#define LLT_LARGE_PAGE ((size_t)2 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define LLT_LARGE_HEAP true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LLT_LARGE_HEAP true
#endif
#endif
#ifndef LLT_LARGE_HEAP
#define LLT_LARGE_HEAP false
#endif

static inline bool llt_large_mapped(size_t bytes) { return !LLT_LARGE_HEAP && bytes >= LLT_LARGE_PAGE; }

static inline size_t llt_large_whole(size_t bytes, size_t unit) { return (bytes + unit - 1) & ~(unit - 1); }

/* An aligned stretch of address space of whole pages; NULL when there is none. */
static inline char *llt_large_map(size_t bytes, int protection) {
    const size_t wanted = bytes + LLT_LARGE_PAGE;
    char *memory = (char *)mmap(NULL, wanted, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == (char *)MAP_FAILED) {
        return NULL;
    }
    const size_t before = -(uintptr_t)memory & (LLT_LARGE_PAGE - 1);
    if (before != 0) {
        (void)munmap(memory, before);
    }
    (void)munmap(memory + before + bytes, LLT_LARGE_PAGE - before);
    return memory + before;
}

/* `count` zeroed objects of `size` bytes, none touched yet; NULL when the memory is not to be had. */
static inline void *llt_large_zeroed(size_t count, size_t size) {
    if (size != 0 && count > ((size_t)PTRDIFF_MAX - 2 * LLT_LARGE_PAGE) / size) {
        return NULL;
    }
    const size_t bytes = count * size;
    if (!llt_large_mapped(bytes)) {
        void *memory = aligned_alloc(LLT_LARGE_LINE, llt_large_whole(bytes, LLT_LARGE_LINE));
        return memory == NULL ? NULL : memset(memory, 0, bytes);
    }
    const size_t whole = llt_large_whole(bytes, LLT_LARGE_PAGE);
    char *memory = llt_large_map(whole, PROT_READ | PROT_WRITE);
    if (memory != NULL) {
        (void)madvise(memory, whole, MADV_HUGEPAGE); /* a wish: without it the array is only slower */
    }
    return memory;
}

static inline void llt_large_free(void *memory, size_t count, size_t size) {
    if (llt_large_mapped(count * size) && memory != NULL) {
        (void)munmap(memory, llt_large_whole(count * size, LLT_LARGE_PAGE));
    } else {
        free(memory);
    }
}

/* Takes the page faults of zeroed memory here, not in the caller's inner loop. */
static inline void llt_large_touch(void *memory, size_t bytes) { memset(memory, 0, bytes); }

/* `count` objects, those of `old` first, which is gone; on NULL `old` is as before. */
static inline void *llt_large_grown(void *old, size_t old_count, size_t count, size_t size) {
    if (old == NULL || !llt_large_mapped(old_count * size) || count > (size_t)PTRDIFF_MAX / 2 / size) {
        void *memory = llt_large_zeroed(count, size);
        if (memory != NULL && old != NULL) {
            memcpy(memory, old, old_count * size);
            llt_large_free(old, old_count, size);
        }
        return memory;
    }
    const size_t before = llt_large_whole(old_count * size, LLT_LARGE_PAGE);
    const size_t after = llt_large_whole(count * size, LLT_LARGE_PAGE);
    if (mremap(old, before, after, 0) != MAP_FAILED) {
        return old;
    }
    /* To an aligned place: else huge pages would be broken up to be moved. */
    char *place = llt_large_map(after, PROT_NONE);
    if (place == NULL || mremap(old, before, after, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED) {
        if (place != NULL) {
            (void)munmap(place, after);
        }
        return NULL;
    }
    return place;
}

/* Gives the memory of a stretch back whose contents are not needed; it may then read as zeros. Locked memory stays. */
static inline void llt_large_drop(void *memory, size_t bytes) {
    const size_t before = -(uintptr_t)memory & (LLT_LARGE_PAGE - 1);
    if (!LLT_LARGE_HEAP && bytes >= before + LLT_LARGE_PAGE) {
        (void)madvise((char *)memory + before, (bytes - before) & ~(LLT_LARGE_PAGE - 1), MADV_DONTNEED);
    }
}

#endif
