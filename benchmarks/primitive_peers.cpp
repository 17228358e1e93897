// Pools, allocators and sequence locks of Debian packages behind one C interface, for primitive_peers.py. Each loop is
// that of kernels/loops.
#include <boost/pool/pool.hpp>
#include <ck_sequence.h>
#include <gperftools/tcmalloc.h>
#include <mimalloc.h>

#include <x86intrin.h>

#include "llt_hdr.h"

#include <atomic>
#include <cmath>
#include <new>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

inline void keep(const void *value) { __asm__ volatile("" : : "r"(value) : "memory"); }

constexpr size_t SIZE = 64;

struct BoostPool {
    boost::pool<> pool{SIZE, 1024};
    void *take() { return pool.malloc(); }
    void give(void *record) { pool.free(record); }
};

struct Glibc {
    void *take() { return std::malloc(SIZE); }
    void give(void *record) { std::free(record); }
};

struct Tcmalloc {
    void *take() { return tc_malloc(SIZE); }
    void give(void *record) { tc_free(record); }
};

struct Mimalloc {
    void *take() { return mi_malloc(SIZE); }
    void give(void *record) { mi_free(record); }
};

// The values of kernels/loops/guards.pyx.
struct LogNormal {
    uint64_t values[2048];
    LogNormal() {
        uint64_t state = 88172645463325252u;
        for (uint64_t &value : values) {
            double normal = -6;
            for (int part = 0; part < 12; part++) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                normal += double(state >> 11) / double(uint64_t(1) << 53);
            }
            value = uint64_t(std::exp(8 + 1.2 * normal));
        }
    }
};

struct Payload {
    uint64_t words[4];
};

struct CkSequence {
    ck_sequence_t sequence = CK_SEQUENCE_INITIALIZER;
    Payload payload = {};
    void write(const Payload &from) {
        ck_sequence_write_begin(&sequence);
        payload = from;
        ck_sequence_write_end(&sequence);
    }
    void read(Payload &to) {
        unsigned before;
        do {
            before = ck_sequence_read_begin(&sequence);
            to = payload;
        } while (ck_sequence_read_retry(&sequence, before));
    }
};

} // namespace

#define POOL(NAME, TYPE)                                                                                               \
    extern "C" int pool_##NAME(size_t pairs) {                                                                         \
        static TYPE &source = *new TYPE;                                                                               \
        for (size_t pair = 0; pair < pairs; pair++) {                                                                  \
            void *record = source.take();                                                                              \
            keep(record);                                                                                              \
            source.give(record);                                                                                       \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

#define SEQLOCK(NAME, TYPE)                                                                                            \
    static TYPE &lock_##NAME() {                                                                                       \
        static TYPE &lock = *new (std::align_val_t{128}) TYPE;                                                         \
        return lock;                                                                                                   \
    }                                                                                                                  \
    static std::atomic<int> stop_word_##NAME;                                                                          \
    extern "C" int read_##NAME(size_t reads) {                                                                         \
        TYPE &lock = lock_##NAME();                                                                                    \
        for (size_t number = 0; number < reads; number++) {                                                            \
            Payload got;                                                                                               \
            lock.read(got);                                                                                            \
            for (uint64_t &word : got.words) keep(reinterpret_cast<const void *>(word));                               \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    extern "C" int write_##NAME(size_t writes) {                                                                       \
        TYPE &lock = lock_##NAME();                                                                                    \
        for (uint64_t number = 0; number < writes; number++) lock.write({{number, number, number, number}});           \
        return 0;                                                                                                      \
    }                                                                                                                  \
    extern "C" int pace_##NAME(size_t period_ticks) {                                                                  \
        TYPE &lock = lock_##NAME();                                                                                    \
        uint64_t number = 0, due = __rdtsc();                                                                          \
        while (!stop_word_##NAME.load(std::memory_order_acquire)) {                                                    \
            if (__rdtsc() < due) {                                                                                     \
                _mm_pause();                                                                                           \
                continue;                                                                                              \
            }                                                                                                          \
            number++;                                                                                                  \
            lock.write({{number, number, number, number}});                                                            \
            due += period_ticks;                                                                                       \
        }                                                                                                              \
        stop_word_##NAME.store(0);                                                                                     \
        return 0;                                                                                                      \
    }                                                                                                                  \
    extern "C" int stop_##NAME(size_t) {                                                                               \
        stop_word_##NAME.store(1, std::memory_order_release);                                                          \
        return 0;                                                                                                      \
    }

POOL(boost, BoostPool)
POOL(malloc, Glibc)
POOL(tcmalloc, Tcmalloc)
POOL(mimalloc, Mimalloc)
SEQLOCK(ck, CkSequence)

// What is below any histogram of this layout: the index and the increment, without minimum, maximum and sum.
extern "C" int histogram_counts_alone(size_t records) {
    static const LogNormal source;
    static uint64_t counts[LLT_HDR_BUCKETS];
    for (size_t number = 0; number < records; number++) {
        counts[llt_hdr_index(source.values[number % 2048])]++;
    }
    keep(counts);
    return 0;
}

extern "C" const char *peers() {
    return "pool_boost pool_malloc pool_tcmalloc pool_mimalloc read_ck write_ck histogram_counts_alone";
}
