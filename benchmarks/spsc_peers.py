"""lltool's SPSC ring against those of Debian packages, in one interleaved run: paired ratios with their quartiles.

    sudo .venv/bin/python benchmarks/spsc_peers.py --rounds 31

Needs g++, libboost-dev and libreaderwriterqueue-dev. The peers are built with -march=native, ours is what is
installed. Each round runs every queue once, in an order that turns; rounds whose cache-line probe before and after
disagree are left out and counted. A ratio is ours / theirs of the same round: below 1, ours is quicker. ``--also`` adds
a library with the interface of spsc_peers.cpp.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from paired import Row, Run, elapsed, libraries, names, report

from lltool.bench.peer import peer_thread
from lltool.kernels.loops.flow import Flow
from lltool.kernels.loops.hop import Hop
from lltool.kernels.loops.ring import Pass
from lltool.kernels.placement import pin

SOURCE = Path(__file__).resolve().parent / "spsc_peers.cpp"
TRIPS, ITEMS, PAIRS = 20_000, 320_000, 100_000


def main() -> None:
    """Measure and print one table a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--only", default="", help="part of a row's title")
    parser.add_argument("--also", action="append", default=[], metavar="LIBRARY")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    pin(cores[0])
    with tempfile.TemporaryDirectory() as folder:
        found = libraries(SOURCE, arguments.also, Path(folder))
    for row in rows(found, cores):
        if arguments.only in row.title:
            report(row, arguments.rounds, cores)


def rows(found: list[ctypes.CDLL], cores: list[int]) -> list[Row]:
    """What is compared."""
    made = []
    for size in (8, 64):
        made.append(Row(f"round trip {size} B", True, our_hop(size, cores), peers(found, size, cores, their_hop)))
        for capacity in (1024, 65536):
            title = f"one at a time {size} B, capacity {capacity}"
            theirs = peers(found, size, cores, their_flow(capacity, batches=False))
            made.append(Row(title, True, our_flow(size, capacity, cores, batches=False), theirs))
        theirs = peers(found, size, cores, their_flow(65536, batches=True))
        made.append(Row(f"batches of 32, {size} B", True, our_flow(size, 65536, cores, batches=True), theirs))
        for layout in ("sequenced", "indexed"):
            title = f"push and pop {size} B, {layout}"
            made.append(Row(title, False, our_pair(f"{layout} {size}"), peers(found, size, cores, their_pair)))
    return made


class Peer:
    """The functions of one queue and size in a library."""

    def __init__(self, library: ctypes.CDLL, name: str, size: int) -> None:
        self._library, self._prefix = library, f"{name}_{size}_"

    def call(self, function: str, *arguments: Any, gives: Any = ctypes.c_int) -> Any:
        """Call it; sizes and pointers are whole numbers."""
        found = getattr(self._library, self._prefix + function)
        found.restype = gives
        return found(*(ctypes.c_size_t(argument) for argument in arguments))

    def new(self, capacity: int) -> int:
        """A queue."""
        return int(self.call("new", capacity, gives=ctypes.c_size_t))


def peers(
    found: list[ctypes.CDLL], size: int, cores: list[int], measure: Callable[[Peer, list[int]], float]
) -> dict[str, Run]:
    """One run for each queue of each library."""
    made = {}
    for library in found:
        for name in names(library):
            made[name] = partial(measure, Peer(library, name, size), cores)
    return made


def nothing() -> None:
    """The peer ends by itself."""


def our_hop(size: int, cores: list[int]) -> Run:
    """A round trip through two of our rings."""

    def run() -> float:
        pair = Hop(record_size=size)
        with peer_thread(cores[1], pair.echo, pair.stop):
            return elapsed(lambda: pair.block(TRIPS) and None, TRIPS)

    return run


def their_hop(peer: Peer, cores: list[int]) -> float:
    """A round trip through two of their queues."""
    there, back = peer.new(1024), peer.new(1024)
    with peer_thread(cores[1], lambda: peer.call("echo", there, back, TRIPS), nothing):
        taken = elapsed(lambda: peer.call("ask", there, back, TRIPS), TRIPS)
    peer.call("delete", there)
    peer.call("delete", back)
    return taken


def our_flow(size: int, capacity: int, cores: list[int], *, batches: bool) -> Run:
    """Records as fast as they go."""

    def run() -> float:
        flow = Flow(capacity, size, "indexed" if batches else "sequenced")
        produce = flow.produce_batches if batches else flow.produce
        consume = flow.consume_batches if batches else flow.consume
        count = ITEMS * 4 if batches else ITEMS
        with peer_thread(cores[1], lambda: produce(count), nothing):
            return elapsed(lambda: not consume(count), count)

    return run


def their_flow(capacity: int, *, batches: bool) -> Callable[[Peer, list[int]], float]:
    """Records as fast as they go."""

    def run(peer: Peer, cores: list[int]) -> float:
        queue, count = peer.new(capacity), ITEMS * 4 if batches else ITEMS
        with peer_thread(cores[1], lambda: peer.call("produce", queue, count, batches), nothing):
            taken = elapsed(lambda: peer.call("consume", queue, count, batches), count)
        peer.call("delete", queue)
        return taken

    return run


def our_pair(kind: str) -> Run:
    """Push and pop on one core."""
    made = Pass(kind)
    return lambda: elapsed(lambda: made.block(PAIRS) and None, PAIRS)


def their_pair(peer: Peer, cores: list[int]) -> float:
    """Push and pop on one core."""
    queue = peer.new(1024)
    taken = elapsed(lambda: peer.call("pair", queue, PAIRS, gives=None), PAIRS)
    peer.call("delete", queue)
    return taken


if __name__ == "__main__":
    main()
