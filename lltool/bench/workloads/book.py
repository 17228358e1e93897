"""Level updates applied to an L2 book, and to the chapter's trees."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, warm_up
from lltool.bench.workloads.bothmodes import measure_both
from lltool.kernels.l2_book import ASK, BID, L2Book
from lltool.kernels.loops.book import Stream, Trees
from lltool.kernels.recorder import Recorder

Update = tuple[int, int, int]

MIDDLE = 5_000_000
LEVELS = 100
UPDATES = 8192
DELETED = 0.5
"""Share of the updates at a level that exists which take it away; the others change its quantity."""
SEED = 533


def l2_update(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Apply one update and read both best prices."""
    book = L2Book(1024)
    for side, price, quantity in initial_levels():
        book.update(side, price, quantity)
    updates = stream()
    events = Stream(updates)
    recorder = Recorder(effort.samples)
    # A block is one pass: each does the same work on the same book.
    steady = warm_up(lambda: events.block(book, len(events)), effort)
    block_ticks = tuple(events.block(book, len(events)) for _ in range(effort.blocks))
    events.each(book, recorder, effort.samples)
    return Measurement(
        samples=histogram(recorder),
        block_ops=len(events),
        block_ticks=block_ticks,
        notes={
            "steady": steady,
            "levels_a_side": LEVELS,
            "updates": len(updates),
            "deletes": sum(quantity == 0 for _, _, quantity in updates),
        },
    )


def l2_tree(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The same updates to a balanced tree a side, a node for each level."""
    updates = stream()
    start = Stream(initial_levels())
    trees = Trees(start)
    trees.block(len(start))
    trees.follow(Stream(updates))
    return measure_both(effort, trees, len(updates), {"levels_a_side": LEVELS, "updates": len(updates)})


def initial_levels() -> list[Update]:
    """``LEVELS`` levels a side, one tick apart, from the best on."""
    bids = [(BID, MIDDLE - distance, 100) for distance in range(1, LEVELS + 1)]
    asks = [(ASK, MIDDLE + distance, 100) for distance in range(1, LEVELS + 1)]
    return bids + asks


def stream() -> list[Update]:
    """Updates as an exchange sends them, the same in every run; the last ones restore :func:`initial_levels`.

    80 % fall within some ticks of the middle (5 on average), 15 % within 40, 5 % within 200 (the mix of the peers'
    comparison). A level that exists is taken away or changed, one that does not is added; bids stay below asks.
    """
    source = random.Random(SEED)  # noqa: S311 - a workload, not a secret
    start = {(side, price): quantity for side, price, quantity in initial_levels()}
    live = dict(start)
    updates: list[Update] = []
    for _ in range(UPDATES):
        side = source.choice((BID, ASK))
        distance = _distance(source)
        price = MIDDLE - distance if side == BID else MIDDLE + distance
        deleted = (side, price) in live and source.random() < DELETED
        quantity = 0 if deleted else source.randrange(1, 1000)
        if deleted:
            del live[side, price]
        else:
            live[side, price] = quantity
        updates.append((side, price, quantity))
    added = [(side, price, 0) for side, price in live if (side, price) not in start]
    changed = [(*level, quantity) for level, quantity in start.items() if live.get(level) != quantity]
    return updates + added + changed


def _distance(source: random.Random) -> int:
    kind = source.random()
    if kind < 0.8:
        return 1 + int(source.expovariate(1 / 4.5))
    return source.randint(1, 40 if kind < 0.95 else 200)
