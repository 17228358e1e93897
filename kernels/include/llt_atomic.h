/* C11 atomics as typed functions, because Cython has no <stdatomic.h> of its own.
 *
 * LLT_LINE separates data of different writers: two 64-byte lines, since the adjacent-line prefetcher of x86 moves
 * lines in pairs, and some aarch64 lines are 128 bytes.
 */
#ifndef LLT_ATOMIC_H
#define LLT_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LLT_LINE 128

typedef _Atomic uint64_t llt_atomic_u64;
typedef _Atomic uint32_t llt_atomic_u32;

_Static_assert(sizeof(llt_atomic_u64) == 8, "an atomic word has no lock beside it");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");

static inline uint64_t llt_load_relaxed(const llt_atomic_u64 *word) {
    return atomic_load_explicit(word, memory_order_relaxed);
}
static inline uint64_t llt_load_acquire(const llt_atomic_u64 *word) {
    return atomic_load_explicit(word, memory_order_acquire);
}
static inline void llt_store_relaxed(llt_atomic_u64 *word, uint64_t value) {
    atomic_store_explicit(word, value, memory_order_relaxed);
}
static inline void llt_store_release(llt_atomic_u64 *word, uint64_t value) {
    atomic_store_explicit(word, value, memory_order_release);
}
/* True when `word` held `expected` and holds `wanted` now. On failure nothing is ordered: the caller looks again. */
static inline bool llt_compare_exchange_acq_rel(llt_atomic_u64 *word, uint64_t expected, uint64_t wanted) {
    return atomic_compare_exchange_strong_explicit(word, &expected, wanted, memory_order_acq_rel,
                                                   memory_order_relaxed);
}
static inline uint64_t llt_add_relaxed(llt_atomic_u64 *word, uint64_t amount) {
    return atomic_fetch_add_explicit(word, amount, memory_order_relaxed);
}
/* Sequentially consistent: a store and then a load of another word that must not change places (Dekker's pattern). */
static inline uint64_t llt_load_seq_cst(const llt_atomic_u64 *word) {
    return atomic_load_explicit(word, memory_order_seq_cst);
}
static inline void llt_store_seq_cst(llt_atomic_u64 *word, uint64_t value) {
    atomic_store_explicit(word, value, memory_order_seq_cst);
}
static inline bool llt_compare_exchange_seq_cst(llt_atomic_u64 *word, uint64_t expected, uint64_t wanted) {
    return atomic_compare_exchange_strong_explicit(word, &expected, wanted, memory_order_seq_cst,
                                                   memory_order_seq_cst);
}
static inline void llt_fence_acquire(void) { atomic_thread_fence(memory_order_acquire); }
static inline void llt_fence_release(void) { atomic_thread_fence(memory_order_release); }

#endif
