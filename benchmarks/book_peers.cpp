// Order books of Debian packages' containers behind one C interface, for book_peers.py. L3: a venue's books with totals
// and counts by price ("l3totals") or with queues as well ("l3queues"): ids are the places of an array there, and
// are hashed here. L2: quantity by price. Each reads both best prices after every operation, as kernels/loops do.
#include <absl/container/btree_map.h>
#include <boost/container/flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

namespace {

inline void keep(int64_t value) { __asm__ volatile("" : : "r"(value) : "memory"); }

enum Kind : uint8_t { ADD = 1, REDUCE, CANCEL, REPLACE };

struct Operation {
    uint64_t id, new_id;
    int64_t price;
    uint64_t quantity;
    Kind kind;
    uint8_t side;
    uint32_t book;
};
static_assert(sizeof(Operation) == 40);

// Asks are mirrored, so that the best key is the last of either side.
template <class Side> void keep_best(const Side &bids, const Side &asks) {
    if (!bids.empty()) {
        keep(bids.rbegin()->first);
    }
    if (!asks.empty()) {
        keep(~asks.rbegin()->first);
    }
}

struct Total {
    uint64_t quantity = 0;
    uint32_t orders = 0;
};

struct Order {
    uint64_t quantity;
    int64_t key;
    uint32_t side;
};

// Ids are places of an array.
struct ById {
    std::vector<Order> orders;
    Order &put(uint64_t id) {
        if (id >= orders.size()) {
            orders.resize(id + 1);
        }
        return orders[id];
    }
    Order &at(uint64_t id) { return orders[id]; }
};

template <class Side> struct Totals {
    std::vector<Side> sides;
    ById orders;

    explicit Totals(size_t books) : sides(2 * books) {}
    void add(uint64_t id, uint32_t side, int64_t key, uint64_t quantity) {
        Total &total = sides[side][key];
        total.quantity += quantity;
        total.orders++;
        orders.put(id) = {quantity, key, side};
    }
    void cancel(uint64_t id) {
        const Order order = orders.at(id);
        auto level = sides[order.side].find(order.key);
        level->second.quantity -= order.quantity;
        if (--level->second.orders == 0) {
            sides[order.side].erase(level);
        }
    }
    void reduce(uint64_t id, uint64_t quantity) {
        Order &order = orders.at(id);
        order.quantity -= quantity;
        sides[order.side].find(order.key)->second.quantity -= quantity;
    }
    uint32_t side_of(uint64_t id) { return orders.at(id).side; }
    void best(size_t book) { keep_best(sides[2 * book], sides[2 * book + 1]); }
};

struct Queued {
    uint64_t id, quantity;
};
struct Level {
    uint64_t quantity = 0;
    std::list<Queued> queue;
};
using Levels = std::map<int64_t, Level>;
struct Where {
    Levels::iterator level;
    std::list<Queued>::iterator order;
    uint32_t side;
};

struct Queues {
    std::vector<Levels> sides;
    std::unordered_map<uint64_t, Where> orders;

    explicit Queues(size_t books) : sides(2 * books) {}
    void add(uint64_t id, uint32_t side, int64_t key, uint64_t quantity) {
        auto level = sides[side].try_emplace(key).first;
        level->second.quantity += quantity;
        level->second.queue.push_back({id, quantity});
        orders[id] = {level, std::prev(level->second.queue.end()), side};
    }
    void cancel(uint64_t id) {
        auto found = orders.find(id);
        const Where where = found->second;
        where.level->second.quantity -= where.order->quantity;
        where.level->second.queue.erase(where.order);
        if (where.level->second.queue.empty()) {
            sides[where.side].erase(where.level);
        }
        orders.erase(found);
    }
    void reduce(uint64_t id, uint64_t quantity) {
        const Where &where = orders.find(id)->second;
        where.order->quantity -= quantity;
        where.level->second.quantity -= quantity;
    }
    uint32_t side_of(uint64_t id) { return orders.find(id)->second.side; }
    void best(size_t book) { keep_best(sides[2 * book], sides[2 * book + 1]); }
};

int64_t key_of(uint32_t side, int64_t price) { return side & 1 ? ~price : price; }

template <class Venue> void apply(Venue &venue, const Operation *operations, size_t count) {
    for (size_t at = 0; at < count; at++) {
        const Operation &operation = operations[at];
        const uint32_t side = 2 * operation.book + operation.side;
        switch (operation.kind) {
        case ADD:
            venue.add(operation.id, side, key_of(side, operation.price), operation.quantity);
            break;
        case REDUCE:
            venue.reduce(operation.id, operation.quantity);
            break;
        case CANCEL:
            venue.cancel(operation.id);
            break;
        default: {
            const uint32_t held = venue.side_of(operation.id);
            venue.cancel(operation.id);
            venue.add(operation.new_id, held, key_of(held, operation.price), operation.quantity);
        }
        }
        venue.best(operation.book);
    }
}

template <class Venue> void quotes(Venue &venue, const Operation *operations, size_t count) {
    for (size_t at = 0; at < count; at++) {
        venue.best(operations[at].book);
    }
}

struct Update {
    int64_t price;
    uint64_t quantity;
    uint64_t side;
};

template <class Side> void update(std::vector<Side> &sides, const Update *updates, size_t count) {
    for (size_t at = 0; at < count; at++) {
        const int64_t key = key_of(static_cast<uint32_t>(updates[at].side), updates[at].price);
        if (updates[at].quantity != 0) {
            sides[updates[at].side][key] = updates[at].quantity;
        } else {
            sides[updates[at].side].erase(key);
        }
        keep_best(sides[0], sides[1]);
    }
}

} // namespace

#define L3(NAME, ...)                                                                                                  \
    extern "C" void *NAME##_new(size_t books) { return new __VA_ARGS__(books); }                                       \
    extern "C" int NAME##_apply(void *venue, const Operation *operations, size_t count) {                              \
        apply(*static_cast<__VA_ARGS__ *>(venue), operations, count);                                                  \
        return 0;                                                                                                      \
    }                                                                                                                  \
    extern "C" int NAME##_quotes(void *venue, const Operation *operations, size_t count) {                             \
        quotes(*static_cast<__VA_ARGS__ *>(venue), operations, count);                                                 \
        return 0;                                                                                                      \
    }

#define L2(NAME, ...)                                                                                                  \
    extern "C" void *NAME##_new(size_t) { return new std::vector<__VA_ARGS__>(2); }                                    \
    extern "C" int NAME##_apply(void *sides, const Update *updates, size_t count) {                                    \
        update(*static_cast<std::vector<__VA_ARGS__> *>(sides), updates, count);                                       \
        return 0;                                                                                                      \
    }                                                                                                                  \
    extern "C" int NAME##_look(void *sides, size_t count) {                                                            \
        const auto &both = *static_cast<std::vector<__VA_ARGS__> *>(sides);                                            \
        for (size_t look = 0; look < count; look++) {                                                                  \
            keep_best(both[0], both[1]);                                                                               \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

L3(l3totals_flat_array, Totals<boost::container::flat_map<int64_t, Total>>)
L3(l3totals_btree_array, Totals<absl::btree_map<int64_t, Total>>)
L3(l3queues_map_list, Queues)
L2(l2_map, std::map<int64_t, uint64_t>)
L2(l2_flat, boost::container::flat_map<int64_t, uint64_t>)
L2(l2_btree, absl::btree_map<int64_t, uint64_t>)

extern "C" const char *peers() {
    return "l3totals_flat_array l3totals_btree_array l3queues_map_list l2_map l2_flat l2_btree";
}
