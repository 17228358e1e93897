/* Books of every kind under a stream of operations, four bytes each: all agree with a list of orders, step by step. */
#define _GNU_SOURCE /* madvise */
#include "fuzz.h"
#include "llt_l2_book.h"
#include "llt_l3_stream.h"

enum { ORDERS = 32, SIDES = 4, STORES = 4 };

/* Round the window's edges, far from it, and at the ends of the type. */
static const int64_t prices[16] = {0,    1,     -1,     5,         1023,          1024,      3071,          3072,
                                   4095, 4096,  -4096,  90000,     INT64_MIN,     INT64_MAX, INT64_MIN + 1, INT64_MAX - 1};

typedef struct {
    bool live;
    unsigned side;
    int64_t price;
    uint64_t quantity;
} model_order;

/* Total and count of one price of a side; the best price in `*best`. */
static uint64_t total(const model_order *model, unsigned side, int64_t price, uint32_t *count) {
    uint64_t sum = 0;
    *count = 0;
    for (int at = 0; at < ORDERS; at++) {
        if (model[at].live && model[at].side == side && model[at].price == price) {
            sum += model[at].quantity;
            ++*count;
        }
    }
    return sum;
}

static int check_levels(const llt_l3_book *book, const llt_l2_book *levels, const model_order *model) {
    for (unsigned side = 0; side < SIDES; side++) {
        int64_t best = 0, found = 0;
        bool any = false;
        for (int at = 0; at < ORDERS; at++) {
            if (model[at].live && model[at].side == side &&
                (!any || (side & 1 ? model[at].price < best : model[at].price > best))) {
                best = model[at].price;
                any = true;
            }
        }
        FUZZ_CHECK(llt_l3_best(book, side, &found) == any && (!any || found == best));
        const llt_l2_side *flat = &levels[side / 2].sides[side & 1];
        FUZZ_CHECK((flat->count > 0) == any && (!any || llt_l2_price(flat, 0) == best));
        if (!any) {
            continue;
        }
        size_t rank = 0;
        int64_t key = book->levels.sides[side].best;
        uint32_t number = llt_price_index_best(&book->levels.sides[side]), count;
        do {
            const int64_t price = key ^ llt_l3_mirror(side);
            const uint64_t sum = total(model, side, price, &count);
            const llt_l3_level *level = llt_l3_levels_get(&book->levels, number);
            FUZZ_CHECK(count > 0 && level->quantity == sum && level->count == count);
            FUZZ_CHECK(level->side == side && llt_l3_levels_key(&book->levels, number) == key);
            FUZZ_CHECK(rank < flat->count && llt_l2_price(flat, rank) == price && llt_l2_quantity(flat, rank) == sum);
            rank++;
        } while (llt_price_index_next(&book->levels.sides[side], &key, &number));
        FUZZ_CHECK(rank == flat->count);
    }
    return 0;
}

static int update_levels(llt_l2_book *levels, const model_order *model, unsigned side, int64_t price) {
    uint32_t count;
    const uint64_t sum = total(model, side, price, &count);
    return llt_l2_update(&levels[side / 2].sides[side & 1], price, sum);
}

/* Ids that have one home in any table of up to 256 chunks, where nothing is added to them: twice what a chunk holds. */
static uint64_t crowded_id(uint64_t number) {
    static uint64_t ids[ORDERS];
    static size_t found;
    const llt_l3_table table = {.count = 256};
    for (uint64_t id = 0; found < ORDERS; id += UINT64_C(0x1000000000000001)) {
        if (llt_l3_table_home(&table, id).chunk == 5) {
            ids[found++] = id;
        }
    }
    return ids[number];
}

static llt_l3_status expected(const model_order *model, const llt_l3_operation *operation) {
    const model_order *order = &model[operation->id];
    if (operation->kind == LLT_L3_ADD) {
        return operation->quantity == 0 ? LLT_L3_QUANTITY : order->live ? LLT_L3_DUPLICATE : LLT_L3_OK;
    }
    if (!order->live) {
        return LLT_L3_UNKNOWN;
    }
    if (operation->kind == LLT_L3_REPLACE) {
        return operation->quantity == 0                                                    ? LLT_L3_QUANTITY
               : operation->new_id != operation->id && model[operation->new_id].live ? LLT_L3_DUPLICATE
                                                                                     : LLT_L3_OK;
    }
    if (operation->kind == LLT_L3_CANCEL) {
        return LLT_L3_OK;
    }
    return operation->quantity == 0 || operation->quantity > order->quantity ? LLT_L3_QUANTITY : LLT_L3_OK;
}

static int step(llt_l3_book *books, llt_l2_book *levels, model_order *model, const unsigned char *input) {
    llt_l3_operation operation = {.kind = (uint8_t)(1 + (input[0] & 7) % 5), .side = input[0] >> 3 & 1,
                                  .book = input[0] >> 4 & 1, .id = input[1] % ORDERS, .new_id = input[2] % ORDERS,
                                  .price = prices[input[2] >> 4], .quantity = input[3]};
    const llt_l3_status wanted = expected(model, &operation);
    for (int store = 0; store < STORES; store++) {
        llt_l3_operation named = operation;
        if (books[store].hashed) {
            named.id = crowded_id(operation.id);
            named.new_id = crowded_id(operation.new_id);
        }
        llt_l3_prefetch(&books[store], &named, 1);
        FUZZ_CHECK(llt_l3_apply(&books[store], &named) == wanted);
    }
    if (wanted != LLT_L3_OK) {
        return 0;
    }
    model_order *order = &model[operation.id];
    const model_order old = *order;
    if (operation.kind == LLT_L3_ADD) {
        *order = (model_order){true, 2 * operation.book + operation.side, operation.price, operation.quantity};
    } else if (operation.kind == LLT_L3_CANCEL) {
        order->live = false;
    } else if (operation.kind == LLT_L3_REPLACE) {
        order->live = false;
        order = &model[operation.new_id];
        *order = (model_order){true, old.side, operation.price, operation.quantity};
    } else {
        order->quantity -= operation.quantity;
        order->live = order->quantity > 0;
    }
    FUZZ_CHECK(update_levels(levels, model, order->side, order->price) == 0);
    if (old.live) {
        FUZZ_CHECK(update_levels(levels, model, old.side, old.price) == 0);
    }
    return 0;
}

/* One side of an L2 book under updates of two bytes each, price and quantity, against an array by price: many levels. */
static int check_deep(const unsigned char *input, size_t size, unsigned side) {
    enum { PRICES = 256 };
    uint64_t model[PRICES] = {0};
    llt_l2_book book;
    FUZZ_CHECK(llt_l2_init(&book, 0) == 0);
    int wrong = 0;
    for (size_t at = 0; at + 2 <= size && !wrong; at += 2) {
        /* A price for each level of a run: splits need more levels than a short input has. */
        for (unsigned run = 0; run < 1u + (input[at + 1] & 15); run++) {
            const unsigned price = (input[at] + run) % PRICES;
            const uint64_t quantity = input[at + 1] >> 4;
            const bool there = model[price] != 0;
            wrong |= quantity == 0 ? llt_l2_delete(&book.sides[side], price * INT64_C(1000003)) != there
                                   : llt_l2_update(&book.sides[side], price * INT64_C(1000003), quantity) != 0;
            model[price] = quantity;
        }
    }
    size_t rank = 0;
    for (unsigned at = 0; at < PRICES && !wrong; at++) {
        const unsigned price = side == LLT_ASK ? at : PRICES - 1 - at;
        wrong |= llt_l2_quantity_at(&book.sides[side], price * INT64_C(1000003)) != model[price];
        if (model[price] != 0) {
            llt_l2_level copied = {0};
            wrong |= rank >= book.sides[side].count ||
                     llt_l2_price(&book.sides[side], rank) != price * INT64_C(1000003) ||
                     llt_l2_quantity(&book.sides[side], rank) != model[price];
            llt_l2_copy(&book.sides[side], rank, wrong ? 0 : 1, &copied);
            wrong |= copied.quantity != model[price];
            rank++;
        }
    }
    wrong |= rank != book.sides[side].count;
    llt_l2_destroy(&book);
    FUZZ_CHECK(!wrong);
    return 0;
}

static int check(const unsigned char *input, size_t size, uint64_t *accepted) {
    if (check_deep(input, size, LLT_BID) != 0 || check_deep(input, size, LLT_ASK) != 0) {
        return 1;
    }
    llt_l3_book books[STORES];
    llt_l2_book levels[SIDES / 2];
    model_order model[ORDERS] = {{0}};
    for (int store = 0; store < STORES; store++) {
        FUZZ_CHECK(llt_l3_init(&books[store], 1, 0, store & 1 ? ORDERS : 0, store & 2, SIDES / 2) == 0);
        books[store].table.lot = 0;
    }
    FUZZ_CHECK(llt_l2_init(&levels[0], 1) == 0 && llt_l2_init(&levels[1], 1) == 0);
    int wrong = 0;
    for (size_t at = 0; at + 4 <= size && at < 800 && !wrong; at += 4) {
        wrong = step(books, levels, model, input + at);
        for (int store = 0; store < STORES && !wrong; store++) {
            wrong = check_levels(&books[store], levels, model);
        }
    }
    *accepted += books[0].live > 0;
    for (int store = 0; store < STORES; store++) {
        llt_l3_destroy(&books[store]);
    }
    llt_l2_destroy(&levels[0]);
    llt_l2_destroy(&levels[1]);
    return wrong;
}

static size_t candidate(unsigned char *out) {
    size_t size = (size_t)fuzz_random(400);
    for (size_t at = 0; at < size; at++) {
        out[at] = (unsigned char)(at % 4 == 0 && fuzz_random(2) ? 0x18 & fuzz_random(256) : fuzz_random(256));
    }
    return size;
}

#include "fuzz_main.h"
