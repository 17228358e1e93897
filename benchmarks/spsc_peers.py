"""lltool's SPSC ring against those of Debian packages, in one interleaved run: paired ratios with their quartiles.

    sudo .venv/bin/python benchmarks/spsc_peers.py --rounds 31

Needs g++, pkg-config, libboost-dev, libck-dev, libdpdk-dev and libreaderwriterqueue-dev. The peers are built with
-march=native, ours is what is installed. Each round runs every queue once, in an order that turns; rounds whose
cache-line probe before and after disagree are left out and counted. A ratio is ours / theirs of the same round: below
1, ours is quicker. ``--also`` adds a library with the interface of spsc_peers.cpp. ``--native`` shows a build of ours
for this processor beside:

    CFLAGS=-march=native pip wheel . --no-deps -w wheel && unzip -q wheel/*.whl -d native
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from paired import Row, Run, elapsed, kernel, libraries, names, options, report

from lltool.bench.peer import peer_thread
from lltool.kernels.loops import flow, hop, ring
from lltool.kernels.placement import pin

SOURCE = Path(__file__).resolve().parent / "spsc_peers.cpp"
TRIPS, ITEMS, PAIRS = 20_000, 320_000, 100_000


def main() -> None:
    """Measure and print one table a row."""
    parser = options(__doc__, rounds=31)
    parser.add_argument("--native", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    pin(cores[0])
    with tempfile.TemporaryDirectory() as folder:
        found = libraries(SOURCE, arguments.also, Path(folder), dpdk_flags())
    for row in rows(found, arguments.native, cores):
        if arguments.only in row.title:
            report(row, arguments.rounds, cores)


def dpdk_flags() -> list[str]:
    """How to build with DPDK, but for its -march, which would undo that of the others."""
    command = ["pkg-config", "--cflags", "libdpdk"]
    flags = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return [flag for flag in flags if not flag.startswith("-march")] + ["-lrte_ring", "-lrte_eal"]


def rows(found: list[ctypes.CDLL], native: Path | None, cores: list[int]) -> list[Row]:
    """What is compared."""
    made = []

    def add(
        title: str, two_cores: bool, loop: ModuleType, ours: Callable[[ModuleType], Run], theirs: dict[str, Run]
    ) -> None:
        beside = {"native": ours(kernel(native, f"loops/{loop.__name__.rpartition('.')[2]}"))} if native else {}
        made.append(Row(title, two_cores, ours(loop), beside | theirs))

    for size in (8, 64):
        add(f"round trip {size} B", True, hop, partial(our_hop, size, cores), peers(found, size, cores, their_hop))
        for capacity in (1024, 65536):
            title = f"one at a time {size} B, capacity {capacity}"
            theirs = peers(found, size, cores, their_flow(capacity, batches=False))
            add(title, True, flow, partial(our_flow, size, capacity, cores, "sequenced"), theirs)
        theirs = peers(found, size, cores, their_flow(65536, batches=True))
        add(f"batches of 32, {size} B", True, flow, partial(our_flow, size, 65536, cores, "batches"), theirs)
        for layout in ("sequenced", "indexed"):
            theirs = peers(found, size, cores, their_pair)
            add(f"push and pop {size} B, {layout}", False, ring, partial(our_pair, f"{layout} {size}"), theirs)
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
    made: dict[str, Run] = {}
    for library in found:
        for name in names(library):
            made[name] = partial(measure, Peer(library, name, size), cores)
    return made


def nothing() -> None:
    """The peer ends by itself."""


def our_hop(size: int, cores: list[int], loop: ModuleType) -> Run:
    """A round trip through two of our rings."""

    def run() -> float:
        pair = loop.Hop(record_size=size)
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


def our_flow(size: int, capacity: int, cores: list[int], kind: str, loop: ModuleType) -> Run:
    """Records as fast as they go: in a layout one at a time, or in batches."""
    batches = kind == "batches"

    def run() -> float:
        flow = loop.Flow(capacity, size, "indexed" if batches else kind)
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


def our_pair(kind: str, loop: ModuleType) -> Run:
    """Push and pop on one core."""
    made = loop.Pass(kind)
    return lambda: elapsed(lambda: made.block(PAIRS) and None, PAIRS)


def their_pair(peer: Peer, cores: list[int]) -> float:
    """Push and pop on one core."""
    queue = peer.new(1024)
    taken = elapsed(lambda: peer.call("pair", queue, PAIRS, gives=None), PAIRS)
    peer.call("delete", queue)
    return taken


if __name__ == "__main__":
    main()
