"""Order books against those of Debian's and PyPI's containers, in one interleaved run: ratios with their quartiles.

    sudo .venv/bin/python benchmarks/book_peers.py --rounds 21

Needs g++, libboost-dev and libabsl-dev, and takes in sortedcontainers and nautilus_trader where they are installed. The
peers are built with -march=native, ours is what is installed. A ratio is ours / theirs of the same round: below 1, ours
is quicker. Both best prices are read after each operation. ``--also`` adds a library with the interface of
book_peers.cpp. ``--native`` shows a build of ours for this processor beside, from a wheel unpacked in a folder:

    CFLAGS=-march=native pip wheel . --no-deps -w wheel && unzip -q wheel/*.whl -d native

Flows of orders: deep is one book of a million, itch 500 books of a million in all, hot one book of a thousand. Peers
whose ids are places of an array are given ids that rise one by one, whatever ours are.
"""

from __future__ import annotations

import ctypes
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from paired import Row, Run, elapsed, kernel, libraries, names, options, report

from lltool.bench.workloads.book import initial_levels, stream
from lltool.bench.workloads.orders import MANY, SCATTER, SPAN
from lltool.kernels.clock import calibrate
from lltool.kernels.l2_book import ASK, BID, L2Book
from lltool.kernels.l3_book import L3Book
from lltool.kernels.loops import book as book_loops
from lltool.kernels.loops import orders as orders_loops
from lltool.kernels.placement import pin

SOURCE = Path(__file__).resolve().parent / "book_peers.cpp"
FLAGS = ("-fno-strict-aliasing", "-labsl_throw_delegate")
"""Boost 1.74's flat_map looks at its own pairs as at std::pair: with strict aliasing GCC 12 -O3 makes it crash."""

OPERATIONS = 100_000
NAUTILUS = ("book", "data", "enums", "identifiers", "objects")
FLOWS = {"deep": (1, MANY), "itch": (500, MANY), "hot": (1, 1000)}

Update = tuple[int, int, int]


def main() -> None:
    """Measure and print one table a row."""
    parser = options(__doc__, rounds=21)
    parser.add_argument("--native", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:1]
    pin(cores[0])
    with tempfile.TemporaryDirectory() as folder:
        found = libraries(SOURCE, arguments.also, Path(folder), FLAGS)
    for title, make in rows(found, arguments.native).items():
        if arguments.only in title:
            ours, theirs = make()
            report(Row(title, False, ours, theirs), arguments.rounds, cores)


def rows(found: list[ctypes.CDLL], native: Path | None) -> dict[str, Callable[[], tuple[Run, dict[str, Run]]]]:
    """What is compared: made when its turn comes, for a million orders take memory in each book."""
    made: dict[str, Callable[[], tuple[Run, dict[str, Run]]]] = {}
    for flow, held, ids in product(FLOWS, ("totals", "queues"), ("dense", "any")):
        made[f"L3 {flow}, {held}, {ids} ids"] = partial(orders, found, native, flow, held, ids)
    for flow in FLOWS:
        made[f"L3 {flow}, best quotes read"] = partial(quotes, found, native, flow)
    for mix, updates in MIXES.items():
        made[f"L2 {mix}"] = partial(levels, found, native, updates)
    made["L2 best prices read"] = partial(looks, found, native)
    made["L2 from Python, near the best"] = from_python
    return made


def orders(found: list[ctypes.CDLL], native: Path | None, flow: str, held: str, ids: str) -> tuple[Run, dict[str, Run]]:
    """A flow of orders."""
    books, live = FLOWS[flow]

    def ours(loops: ModuleType, *, batch: bool = False) -> Run:
        book = L3Book(
            live + live // 10, dense=(0, SPAN) if ids == "dense" else None, queues=held == "queues", books=books
        )
        return block(loops.Orders(book, live, books, 1 if ids == "dense" else SCATTER, batch), OPERATIONS)

    theirs = {"look ahead": ours(orders_loops, batch=True)}
    if native:
        theirs["native"] = ours(kernel(native, "loops/orders"))
    for library, name in peers(found, f"l3{held}"):
        theirs[name] = their_orders(library, f"l3{held}_{name}", books, live)
    return ours(orders_loops), theirs


def quotes(found: list[ctypes.CDLL], native: Path | None, flow: str) -> tuple[Run, dict[str, Run]]:
    """Both best prices of the books that a flow's operations name, read again and again."""
    books, live = FLOWS[flow]
    tick_hz, _ = calibrate(0.05)

    def ours(loops: ModuleType) -> Run:
        made = loops.Orders(L3Book(live + live // 10, dense=(0, SPAN), queues=False, books=books), live, books)
        made.block(OPERATIONS)

        def run() -> float:
            ticks, count = made.quotes()
            return float(ticks / tick_hz * 1e9 / count)

        return run

    theirs = {"native": ours(kernel(native, "loops/orders"))} if native else {}
    for library, name in peers(found, "l3totals"):
        theirs[name] = their_quotes(library, f"l3totals_{name}", books, live)
    return ours(orders_loops), theirs


def their_quotes(library: ctypes.CDLL, name: str, books: int, live: int) -> Run:
    """The same reads from the books of a library that holds the same orders."""
    flow, made = orders_loops.Orders(None, live, books), created(library, name, books)
    apply = applied(library, name, made)
    while len(flow) < live:
        apply(flow.next(1024))
    operations = flow.next(OPERATIONS)
    apply(operations)
    return partial(elapsed, partial(applied(library, name, made, "quotes"), operations), OPERATIONS)


def their_orders(library: ctypes.CDLL, name: str, books: int, live: int) -> Run:
    """The same operations in the books of a library."""
    flow = orders_loops.Orders(None, live, books)
    apply = applied(library, name, created(library, name, books))
    while len(flow) < live:
        apply(flow.next(1024))

    def run() -> float:
        operations = flow.next(OPERATIONS)
        return elapsed(lambda: apply(operations), OPERATIONS)

    return run


def levels(
    found: list[ctypes.CDLL], native: Path | None, mix: Callable[[], list[Update]]
) -> tuple[Run, dict[str, Run]]:
    """Updates of levels, repeated."""
    updates = mix()
    array = np.array([(price, quantity, side) for side, price, quantity in updates], "i8,u8,u8")

    def ours(loops: ModuleType) -> Run:
        updated, book = loops.Stream(updates), L2Book(len(updates))
        updated.block(book, len(updates))
        return block(updated, len(updates), book)

    theirs = {"native": ours(kernel(native, "loops/book"))} if native else {}
    for library, name in peers(found, "l2"):
        apply = applied(library, f"l2_{name}", created(library, f"l2_{name}", 1))
        apply(array)
        theirs[name] = partial(elapsed, partial(apply, array), len(array))
    return ours(book_loops), theirs


def looks(found: list[ctypes.CDLL], native: Path | None) -> tuple[Run, dict[str, Run]]:
    """Both best prices read again and again, of books that hold the same levels."""
    updates = uniform(1000)
    array = np.array([(price, quantity, side) for side, price, quantity in updates], "i8,u8,u8")

    def ours(loops: ModuleType) -> Run:
        book = L2Book(len(updates))
        loops.Stream(updates).block(book, len(updates))
        return block(loops.Looks(book), OPERATIONS)

    theirs = {"native": ours(kernel(native, "loops/book"))} if native else {}
    for library, name in peers(found, "l2"):
        if hasattr(library, f"l2_{name}_look"):
            made = created(library, f"l2_{name}", 1)
            applied(library, f"l2_{name}", made)(array)
            look = partial(library[f"l2_{name}_look"], ctypes.c_void_p(made), ctypes.c_size_t(OPERATIONS))
            theirs[name] = partial(elapsed, look, OPERATIONS)
    return ours(book_loops), theirs


def block(loop: Any, count: int, *arguments: object) -> Run:
    """A loop of ours, which measures its own ticks: what it prepares is not in them."""
    tick_hz, _ = calibrate(0.05)
    return lambda: loop.block(*arguments, count) / tick_hz * 1e9 / count


def peers(found: list[ctypes.CDLL], kind: str) -> Iterator[tuple[ctypes.CDLL, str]]:
    """The libraries and names of the peers of a kind."""
    for library in found:
        for name in names(library):
            if name.startswith(f"{kind}_"):
                yield library, name.removeprefix(f"{kind}_")


def applied(library: ctypes.CDLL, name: str, made: int, how: str = "apply") -> Callable[[NDArray[Any]], int]:
    """Applies an array to books of a library, or reads what it names."""
    apply = getattr(library, f"{name}_{how}")
    apply.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    return lambda array: int(apply(made, array.ctypes.data, len(array)))


def created(library: ctypes.CDLL, name: str, books: int) -> int:
    """Books of a library, which stay until the end."""
    new = getattr(library, f"{name}_new")
    new.argtypes, new.restype = [ctypes.c_size_t], ctypes.c_void_p
    return int(new(books))


def uniform(count: int, tick: int = 1) -> list[Update]:
    """Levels come, change and go anywhere among ``count`` prices a side."""
    source = random.Random(count)  # noqa: S311 - a workload, not a secret
    updates = []
    for _ in range(4 * count + 8192):
        side, distance = source.choice((BID, ASK)), tick * source.randint(1, count)
        updates.append((side, distance if side == ASK else -distance, source.choice((0, 0, 0, *range(1, 5)))))
    return updates


def walk() -> list[Update]:
    """The price moves by a tick now and then; what it passes is taken away first, levels far behind are left."""
    source = random.Random(1)  # noqa: S311 - a workload, not a secret
    middle, updates = 0, []
    for _ in range(50_000):
        if source.random() < 1 / 16:
            step = source.choice((-1, 1))
            middle += step
            updates.append((ASK if step > 0 else BID, middle, 0))
        side = source.choice((BID, ASK))
        distance = 1 + int(source.expovariate(1 / 4.5))
        price = middle + distance if side == ASK else middle - distance
        updates.append((side, price, source.choice((0, 1, 2))))
    return updates


MIXES = {
    "near the best, 100 levels": lambda: initial_levels() + stream(),
    "1 level": lambda: uniform(1),
    "10 levels": lambda: uniform(10),
    "5000 levels": lambda: uniform(5000),
    "5000 levels, a million ticks apart": lambda: uniform(5000, 10**6),
    "a price that moves": walk,
}


def from_python() -> tuple[Run, dict[str, Run]]:
    """One update and both best prices, each a call from Python."""
    updates, book = stream(), L2Book(1024)
    for update in initial_levels():
        book.update(*update)

    def ours() -> None:
        update, best = book.update, book.best_prices
        for side, price, quantity in updates:
            update(side, price, quantity)
            best()

    theirs: dict[str, Run] = {}
    for package, make in (("sortedcontainers", sorted_containers), ("nautilus_trader", nautilus)):
        if find_spec(package):
            theirs[package] = partial(elapsed, make(updates), len(updates))
    return partial(elapsed, ours, len(updates)), theirs


def sorted_containers(updates: list[Update]) -> Callable[[], None]:
    """A SortedDict a side."""
    made = import_module("sortedcontainers").SortedDict
    sides = made(), made()
    for side, price, quantity in initial_levels():
        sides[side][price] = quantity
    bids, asks = sides

    def run() -> None:
        for side, price, quantity in updates:
            if quantity:
                sides[side][price] = quantity
            else:
                sides[side].pop(price, None)
            bids.peekitem(-1)
            asks.peekitem(0)

    return run


def nautilus(updates: list[Update]) -> Callable[[], None]:
    """nautilus_trader's book with deltas made before."""
    model = {name: import_module(f"nautilus_trader.model.{name}") for name in NAUTILUS}
    enums, data, objects = model["enums"], model["data"], model["objects"]
    instrument = model["identifiers"].InstrumentId.from_str("BTCUSDT.BINANCE")
    book = model["book"].OrderBook(instrument, enums.BookType.L2_MBP)

    def delta(side: int, price: int, quantity: int) -> object:
        at, size = objects.Price.from_str(str(price)), objects.Quantity.from_int(quantity)
        order = data.BookOrder(enums.OrderSide.SELL if side == ASK else enums.OrderSide.BUY, at, size, price)
        action = enums.BookAction.UPDATE if quantity else enums.BookAction.DELETE
        return data.OrderBookDelta(instrument, action, order, 0, 0, 0, 0)

    for update in initial_levels():
        book.apply_delta(delta(*update))
    deltas = [delta(*update) for update in updates]

    def run() -> None:
        apply, best_bid, best_ask = book.apply_delta, book.best_bid_price, book.best_ask_price
        for one in deltas:
            apply(one)
            best_bid()
            best_ask()

    return run


if __name__ == "__main__":
    main()
