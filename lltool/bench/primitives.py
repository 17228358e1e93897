"""The benchmarks of the primitives beside those of the trial, and of what each of them replaces."""

from __future__ import annotations

from lltool.bench.benchmark import entry

PRIMITIVES = (
    entry(
        "pool.unchecked", "Free list", "5.2.3", "allocation:unchecked",
        "64 bytes taken from a free list and given back: the pool without handles, for inner loops",
    ),
    entry(
        "pool.checked", "Object pool", "5.2.3", "allocation:checked",
        "64 bytes acquired with a handle and released by it: double and foreign releases are refused",
    ),
    entry(
        "pool.shared", "Object pool for threads", "5.2.3", "allocation:shared",
        "the same from the lock-free pool, used by one thread",
    ),
    entry(
        "pool.malloc", "malloc beside the pool", "5.2.3", "allocation:malloc",
        "64 bytes from the C library and back: what a pool saves",
    ),
    entry(
        "arena.alloc", "Arena allocation", "5.2.4", "allocation:arena",
        "64 bytes from an arena that is reset when full, once in 512",
    ),
    entry(
        "spsc.hop_64", "SPSC queue, round trip of 64 bytes", "5.3.2", "spsc:hop_64",
        "a 64-byte record to another core and back through two rings, all of it written and read", cores=2,
    ),
    entry(
        "spsc.hop_indexed", "SPSC queue of one index, round trip", "5.3.2", "spsc:hop_indexed",
        "8 bytes to another core and back through rings with one index a side, the other side's cached", cores=2,
    ),
    entry(
        "spsc.hop_sketch", "SPSC queue of the chapter, round trip", "5.3.2", "spsc:hop_sketch",
        "the same through the chapter's ring: both indices in one line, the other side's never cached", cores=2,
    ),
    entry(
        "spsc.hop_mutex", "Queue under a lock, round trip", "5.3.1", "spsc:hop_mutex",
        "the same through a queue that a mutex guards: what the rings replace", cores=2,
    ),
    entry(
        "spsc.push_pop", "SPSC queue, push and pop", "5.3.2", "ring:pair_8",
        "8 bytes pushed and popped on one core, slots that carry their number",
    ),
    entry(
        "spsc.push_pop_64", "SPSC queue, push and pop of 64 bytes", "5.3.2", "ring:pair_64",
        "64 bytes pushed and popped on one core, slots that carry their number",
    ),
    entry(
        "spsc.push_pop_indexed", "SPSC queue, one index", "5.3.2", "ring:pair_indexed_8",
        "8 bytes pushed and popped on one core, records under one index, the other side's index cached",
    ),
    entry(
        "spsc.push_pop_indexed_64", "SPSC queue, one index, 64 bytes", "5.3.2", "ring:pair_indexed_64",
        "64 bytes pushed and popped on one core, records under one index",
    ),
    entry(
        "spsc.push_pop_sketch", "SPSC queue of the chapter", "5.3.2", "ring:pair_sketch_8",
        "the same through the chapter's ring: shared line, uncached index, division",
    ),
    entry(
        "spsc.batch", "SPSC queue, batch of 32", "5.10", "ring:batch_8",
        "32 records of 8 bytes pushed and popped at once on one core",
    ),
    entry(
        "spsc.batch_64", "SPSC queue, batch of 32 times 64 bytes", "5.10", "ring:batch_64",
        "32 records of 64 bytes pushed and popped at once on one core",
    ),
    entry(
        "seqlock.write", "Seqlock write", "5.3.4", "seqlock:write",
        "32 bytes published while nobody reads",
    ),
    entry(
        "seqlock.read_written", "Seqlock read beside a writer", "5.3.4", "seqlock:read_written",
        "a stable copy of 32 bytes while another core writes every 2 us", cores=2,
    ),
    entry(
        "book.l2_tree", "L2 book as trees", "5.3.3", "book:l2_tree",
        "the updates of book.l2_update to a balanced tree a side with a node from malloc for each level",
    ),
    entry(
        "book.l3", "L3 book", "5.10", "orders:few",
        "an order added, cancelled, reduced or replaced among 1000, full queues, then both best prices read",
    ),
    entry(
        "book.l3_million", "L3 book of a million orders", "5.10", "orders:many",
        "the same among a million live orders: the order's line comes from memory",
        in_quick=False,
    ),
    entry(
        "book.l3_million_totals", "L3 book of a million, totals only", "5.10", "orders:many_totals",
        "the same without queues: records of 16 bytes, no neighbours",
        in_quick=False,
    ),
    entry(
        "book.l3_million_ids", "L3 book of a million, any ids", "5.10", "orders:many_ids",
        "the same with queues and ids of 64 bits in no order, found by hash",
        in_quick=False,
    ),
    entry(
        "book.l3_million_batch", "L3 book of a million, looking ahead", "5.10", "orders:many_batch",
        "the same without queues in a batch whose later orders are on their way from memory",
        in_quick=False,
    ),
    entry(
        "histogram.record", "Histogram record", "5.7.1", "guards:histogram_record",
        "a value counted in a histogram of constant memory",
    ),
    entry(
        "risk.check", "Risk check", "5.1.2", "guards:risk_check",
        "sixteen checks of an order that passes them all",
    ),
    entry(
        "log.write", "Log record", "5.1.2", "guards:log_write",
        "a stamped record with two numbers written to the log ring and taken out on one core",
    ),
    entry(
        "breaker.allow", "Circuit breaker", "5.8.2", "guards:breaker_allow",
        "the question whether a call may be made, to a closed breaker",
    ),
    entry(
        "shutdown.look", "Shutdown token", "5.8.3", "guards:shutdown_look",
        "the look at a token that nobody has set",
    ),
)  # fmt: skip
