// SPSC queues of Debian packages behind one C interface, for spsc_peers.py. Each loop is that of kernels/loops.
#include <boost/lockfree/spsc_queue.hpp>
#define false 0 /* ck_ring.h gives it as a pointer, which C++ refuses */
#include <ck_ring.h>
#undef false
#include <readerwriterqueue/readerwriterqueue.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

template <int Bytes> struct Message {
    uint64_t words[Bytes / 8];
};

// Every word is written and read, as in kernels/loops/hop.pyx.
template <int Bytes> Message<Bytes> make(uint64_t value) {
    Message<Bytes> made;
    for (uint64_t &word : made.words) word = value;
    return made;
}

template <int Bytes> uint64_t differences(const Message<Bytes> &message) {
    uint64_t found = 0;
    for (uint64_t word : message.words) found |= word ^ message.words[0];
    return found;
}

template <typename T> struct Boost {
    boost::lockfree::spsc_queue<T> queue;
    explicit Boost(size_t capacity) : queue(capacity) {}
    bool push(const T &value) { return queue.push(value); }
    bool pop(T &value) { return queue.pop(value); }
    size_t push(const T *values, size_t count) { return queue.push(values, count); }
    size_t pop(T *values, size_t count) { return queue.pop(values, count); }
};

template <typename T> struct Moodycamel {
    moodycamel::ReaderWriterQueue<T> queue;
    explicit Moodycamel(size_t capacity) : queue(capacity) {}
    bool push(const T &value) { return queue.try_enqueue(value); }
    bool pop(T &value) { return queue.try_dequeue(value); }
};

template <typename T> struct ConcurrencyKit {
    ck_ring_t ring;
    std::vector<T> slots;
    explicit ConcurrencyKit(size_t capacity) : slots(capacity) { ck_ring_init(&ring, unsigned(capacity)); }
    bool push(const T &value) { return _ck_ring_enqueue_sp(&ring, slots.data(), &value, sizeof(T), nullptr); }
    bool pop(T &value) { return _ck_ring_dequeue_sc(&ring, slots.data(), &value, sizeof(T)); }
};

template <typename T> struct Dpdk {
    rte_ring *ring;
    explicit Dpdk(size_t capacity) {
        size_t bytes = size_t(rte_ring_get_memsize_elem(sizeof(T), unsigned(capacity)));
        ring = static_cast<rte_ring *>(std::aligned_alloc(128, (bytes + 127) / 128 * 128));
        rte_ring_init(ring, "", unsigned(capacity), RING_F_SP_ENQ | RING_F_SC_DEQ);
    }
    ~Dpdk() { std::free(ring); }
    bool push(const T &value) { return push(&value, 1) == 1; }
    bool pop(T &value) { return pop(&value, 1) == 1; }
    size_t push(const T *values, size_t count) {
        return rte_ring_sp_enqueue_burst_elem(ring, values, sizeof(T), unsigned(count), nullptr);
    }
    size_t pop(T *values, size_t count) {
        return rte_ring_sc_dequeue_burst_elem(ring, values, sizeof(T), unsigned(count), nullptr);
    }
};

constexpr size_t BATCH = 32;

// In one call where the queue has one.
template <typename Queue, typename T> size_t push_some(Queue &queue, const T *values, size_t count) {
    if constexpr (requires { queue.push(values, count); }) return queue.push(values, count);
    size_t done = 0;
    while (done < count && queue.push(values[done])) done++;
    return done;
}

template <typename Queue, typename T> size_t pop_some(Queue &queue, T *values, size_t count) {
    if constexpr (requires { queue.pop(values, count); }) return queue.pop(values, count);
    size_t done = 0;
    while (done < count && queue.pop(values[done])) done++;
    return done;
}

inline void spin() { __builtin_ia32_pause(); }

} // namespace

#define PEER(NAME, QUEUE, BYTES)                                                                                       \
    extern "C" void *NAME##_##BYTES##_new(size_t capacity) { return new QUEUE<Message<BYTES>>(capacity); }             \
    extern "C" void NAME##_##BYTES##_delete(void *queue) { delete static_cast<QUEUE<Message<BYTES>> *>(queue); }       \
    extern "C" int NAME##_##BYTES##_ask(void *there, void *back, size_t trips) {                                       \
        auto &out = *static_cast<QUEUE<Message<BYTES>> *>(there);                                                      \
        auto &in = *static_cast<QUEUE<Message<BYTES>> *>(back);                                                        \
        Message<BYTES> got;                                                                                            \
        for (uint64_t trip = 0; trip < trips; trip++) {                                                                \
            while (!out.push(make<BYTES>(trip))) {}                                                                    \
            while (!in.pop(got)) spin();                                                                               \
            if (got.words[0] != trip || differences(got)) return 1;                                                    \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    extern "C" void NAME##_##BYTES##_echo(void *there, void *back, size_t trips) {                                     \
        auto &in = *static_cast<QUEUE<Message<BYTES>> *>(there);                                                       \
        auto &out = *static_cast<QUEUE<Message<BYTES>> *>(back);                                                       \
        Message<BYTES> got;                                                                                            \
        for (uint64_t trip = 0; trip < trips; trip++) {                                                                \
            while (!in.pop(got)) spin();                                                                               \
            while (!out.push(make<BYTES>(got.words[0] | differences(got)))) {}                                         \
        }                                                                                                              \
    }                                                                                                                  \
    extern "C" void NAME##_##BYTES##_produce(void *queue, size_t count, int batches) {                                 \
        auto &out = *static_cast<QUEUE<Message<BYTES>> *>(queue);                                                      \
        Message<BYTES> many[BATCH] = {};                                                                               \
        if (!batches) {                                                                                                \
            for (uint64_t number = 0; number < count; number++) {                                                      \
                many[0].words[0] = number;                                                                             \
                while (!out.push(many[0])) {}                                                                          \
            }                                                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
        for (uint64_t number = 0; number < count; number += BATCH) {                                                   \
            for (size_t at = 0; at < BATCH; at++) many[at].words[0] = number + at;                                     \
            for (size_t done = 0; done < BATCH;) done += push_some(out, many + done, BATCH - done);                    \
        }                                                                                                              \
    }                                                                                                                  \
    extern "C" int NAME##_##BYTES##_consume(void *queue, size_t count, int batches) {                                  \
        auto &in = *static_cast<QUEUE<Message<BYTES>> *>(queue);                                                       \
        Message<BYTES> many[BATCH];                                                                                    \
        uint64_t wrong = 0;                                                                                            \
        for (uint64_t number = 0; number < count;) {                                                                   \
            size_t got = batches ? pop_some(in, many, BATCH) : in.pop(many[0]);                                        \
            for (size_t at = 0; at < got; at++) wrong |= many[at].words[0] ^ (number + at);                            \
            number += got;                                                                                             \
        }                                                                                                              \
        return wrong != 0;                                                                                             \
    }                                                                                                                  \
    extern "C" void NAME##_##BYTES##_pair(void *queue, size_t pairs) {                                                 \
        auto &both = *static_cast<QUEUE<Message<BYTES>> *>(queue);                                                     \
        Message<BYTES> one, got;                                                                                       \
        for (uint64_t number = 0; number < pairs; number++) {                                                          \
            one = make<BYTES>(number);                                                                                 \
            both.push(one);                                                                                            \
            both.pop(got);                                                                                             \
            __asm__ volatile("" : : "r"(&got), "r"(&one) : "memory");                                                  \
        }                                                                                                              \
    }

PEER(boost, Boost, 8)
PEER(boost, Boost, 64)
PEER(moodycamel, Moodycamel, 8)
PEER(moodycamel, Moodycamel, 64)
PEER(ck, ConcurrencyKit, 8)
PEER(ck, ConcurrencyKit, 64)
PEER(dpdk, Dpdk, 8)
PEER(dpdk, Dpdk, 64)

extern "C" const char *peers() { return "boost moodycamel ck dpdk"; }
