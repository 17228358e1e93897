/* Circuit breaker: one call is held up before each of its atomic steps in turn, while others go on.
 *
 * Threshold 2, window 100, recovery 10. A story says what happens before, which call is held up, what others do
 * meanwhile, and what must hold afterwards wherever it was held up. Exit 0, or 1 with the story and the step.
 */
#include <stdio.h>

#include "llt_atomic.h"

static void step(void);

#define llt_load_acquire(word) (step(), llt_load_acquire(word))
#define llt_load_relaxed(word) (step(), llt_load_relaxed(word))
#define llt_store_relaxed(word, value) (step(), llt_store_relaxed(word, value))
#define llt_add_relaxed(word, amount) (step(), llt_add_relaxed(word, amount))
#define llt_compare_exchange_acq_rel(word, expected, wanted) \
    (step(), llt_compare_exchange_acq_rel(word, expected, wanted))
#include "llt_breaker.h"

static llt_breaker breaker;
static uint64_t held, others;                        /* tokens */
static int held_up_at, steps;                        /* steps < 0: nobody is held up */
static void (*meanwhile)(void);

static void step(void) {
    if (steps >= 0 && steps++ == held_up_at) {
        steps = -1;
        meanwhile();
    }
}

static void opened_at_2(void) {
    llt_breaker_failure(&breaker, llt_breaker_allow(&breaker, 1), 1);
    llt_breaker_failure(&breaker, llt_breaker_allow(&breaker, 2), 2);
}
static bool refused(uint64_t now_ns) { return llt_breaker_allow(&breaker, now_ns) == LLT_BREAKER_REFUSED; }

/* A failure that would open it, while another opened it and a probe is out: no second probe. */
static void one_failure(void) {
    held = llt_breaker_allow(&breaker, 1);
    llt_breaker_failure(&breaker, held, 1);
}
static void report_failure_at_2(void) { llt_breaker_failure(&breaker, held, 2); }
static void open_and_probe(void) {
    llt_breaker_failure(&breaker, held, 3);
    others = llt_breaker_allow(&breaker, 13);
}
static bool no_second_probe(void) { return others != LLT_BREAKER_REFUSED && refused(14); }

/* The success of a probe that was given up: the failures of the generation after it count. */
static void probing(void) {
    opened_at_2();
    held = llt_breaker_allow(&breaker, 12);
}
static void report_success(void) { llt_breaker_success(&breaker, held); }
static void close_and_fail(void) {
    llt_breaker_success(&breaker, llt_breaker_allow(&breaker, 22));
    llt_breaker_failure(&breaker, llt_breaker_allow(&breaker, 23), 23);
}
static bool one_more_opens(void) {
    llt_breaker_failure(&breaker, llt_breaker_allow(&breaker, 24), 24);
    return refused(25);
}

/* Its failure: the probe that took its place stays the only one. */
static void report_failure_at_21(void) { llt_breaker_failure(&breaker, held, 21); }
static void probe_again(void) { others = llt_breaker_allow(&breaker, 22); }
static bool none_until_31(void) { return refused(30); }

/* Two that ask at once: one is admitted. And one that asks while the other has failed: none but the other. */
static void ask_at_12(void) { held = llt_breaker_allow(&breaker, 12); }
static void ask_too(void) { others = llt_breaker_allow(&breaker, 12); }
static bool one_admitted(void) { return (held == LLT_BREAKER_REFUSED) != (others == LLT_BREAKER_REFUSED) && refused(13); }
static void ask_and_fail(void) {
    ask_too();
    llt_breaker_failure(&breaker, others, 13);
}

static const struct {
    const char *name;
    void (*before)(void), (*call)(void), (*others)(void);
    bool (*holds)(void);
} stories[] = {
    {"failure while a probe is out", one_failure, report_failure_at_2, open_and_probe, no_second_probe},
    {"success of a probe given up", probing, report_success, close_and_fail, one_more_opens},
    {"failure of a probe given up", probing, report_failure_at_21, probe_again, none_until_31},
    {"two ask at once", opened_at_2, ask_at_12, ask_too, one_admitted},
    {"one asks while another fails", opened_at_2, ask_at_12, ask_and_fail, one_admitted},
};

int main(void) {
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        bool ended_before = false;
        for (held_up_at = 0; !ended_before; held_up_at++) {
            steps = -1;
            llt_breaker_init(&breaker, 2, 100, 10);
            held = others = LLT_BREAKER_REFUSED;
            stories[i].before();
            meanwhile = stories[i].others;
            steps = 0;
            stories[i].call();
            ended_before = steps >= 0;
            steps = -1;
            if (ended_before) {
                stories[i].others();
            }
            if (!stories[i].holds()) {
                printf("%s: held up before step %d\n", stories[i].name, held_up_at);
                return 1;
            }
        }
        if (held_up_at < 3) {
            printf("%s: has no steps to be held up at\n", stories[i].name);
            return 1;
        }
    }
    return 0;
}
