"""An L3 store that grows from ten thousand to ten million live orders: time an order, bytes an order, the worst moment.

    .venv/bin/python benchmarks/l3_growth.py --live 10000000

Orders are added in calls of a hundred, so that every step of growth is met, each timed by the thread's own time, page
faults within; the longest call holds the worst of them. "reserved" has room for all from the start: what that costs is
paid before. Bytes are those that became resident in a process that does nothing else.
"""

from __future__ import annotations

import argparse
import gc
import time
from itertools import product
from multiprocessing import Process

import numpy as np
import psutil

from lltool.kernels.l3_book import ADD, OPERATION, L3Book

FIRST = 10_000
CALL = 100
STRETCH = 100_000
SCATTER = 0x9E3779B97F4A7C15
SPREAD = 2000


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", type=int, default=10_000_000)
    live = parser.parse_args().live
    for dense, queues, reserved in product((True, False), repeat=3):
        process = Process(target=grow, args=(live,), kwargs={"dense": dense, "queues": queues, "reserved": reserved})
        process.start()
        process.join()


def grow(live: int, *, dense: bool, queues: bool, reserved: bool) -> None:
    """One store in a process of its own."""
    gc.disable()
    title = (
        f"{'dense' if dense else 'any'} ids, {'queues' if queues else 'totals'}, {'reserved' if reserved else 'grown'}"
    )
    print(f"{title}: live orders; ns an order, mean; us for {CALL}: median, longest; bytes an order")
    before = psutil.Process().memory_info().rss
    book = L3Book(live if reserved else 1, dense=(0, 1 << 31) if dense else None, queues=queues)
    fill(book, live, 1 if dense else SCATTER, before)


def fill(book: L3Book, live: int, scatter: int, before: int) -> None:
    """Add orders to ``book``: ids rise by ``scatter``; ``before`` bytes were resident."""
    operations = np.zeros(STRETCH, OPERATION)
    operations["kind"], operations["quantity"] = ADD, 1
    operations["side"] = np.arange(STRETCH) % 2
    operations["price"] = np.random.default_rng(1).integers(1, SPREAD, STRETCH) * np.where(operations["side"], 1, -1)
    size, taken_ns = FIRST, list[int]()
    while size <= live:
        while len(book) < size:
            operations["id"] = (np.arange(STRETCH, dtype=np.uint64) + np.uint64(len(book))) * np.uint64(scatter)
            for at in range(0, min(STRETCH, size - len(book)), CALL):
                call = operations[at : at + CALL]
                start = time.thread_time_ns()
                book.apply(call)
                taken_ns.append(time.thread_time_ns() - start)
        resident = psutil.Process().memory_info().rss - before
        mean, middle, longest = np.mean(taken_ns) / CALL, np.median(taken_ns) / 1000, max(taken_ns) / 1000
        print(f"  {size:9} {mean:7.0f} {middle:7.0f} {longest:8.0f} {resident / size:6.0f}", flush=True)
        size, taken_ns = size * 10, []


if __name__ == "__main__":
    main()
