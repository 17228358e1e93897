"""Pool, seqlock and histogram against those of Debian packages, in one interleaved run: ratios with their quartiles.

    sudo .venv/bin/python benchmarks/primitive_peers.py --rounds 31

Needs g++, libboost-dev, libck-dev, libgoogle-perftools-dev and libmimalloc-dev. The peers are built with -march=native,
ours is what is installed; beside the histogram stands what its counts alone cost. A ratio is ours / theirs of the same
round: below 1, ours is quicker. ``--also`` adds a library with the interface of primitive_peers.cpp, ``--native`` a
build of ours for this processor (see spsc_peers.py).
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

from paired import Row, Run, elapsed, kernel, libraries, names, options, report

from lltool.bench.peer import peer_thread
from lltool.bench.workloads.seqlock import written_lock
from lltool.kernels.clock import calibrate
from lltool.kernels.loops import allocation, guards, seqlock
from lltool.kernels.placement import pin
from lltool.kernels.shutdown import ShutdownToken

SOURCE = Path(__file__).resolve().parent / "primitive_peers.cpp"
FLAGS = (f"-I{SOURCE.parents[1] / 'kernels' / 'include'}", "-ltcmalloc_minimal", "-lmimalloc")
OPERATIONS = 200_000
PERIODS_NS = (2000, 200)


def main() -> None:
    """Measure and print one table a row."""
    parser = options(__doc__, rounds=31)
    parser.add_argument("--native", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    pin(cores[0])
    with tempfile.TemporaryDirectory() as folder:
        found = libraries(SOURCE, arguments.also, Path(folder), FLAGS)
    for row in rows(found, arguments.native, cores):
        if arguments.only in row.title:
            report(row, arguments.rounds, cores)


def rows(found: list[ctypes.CDLL], native: Path | None, cores: list[int]) -> list[Row]:
    """What is compared."""
    made = []

    def add(title: str, loop: ModuleType, ours: Callable[[ModuleType], Run], theirs: dict[str, Run], two: bool) -> None:
        beside = {"native": ours(kernel(native, f"loops/{loop.__name__.rpartition('.')[2]}"))} if native else {}
        made.append(Row(title, two, ours(loop), beside | theirs))

    for kind in ("unchecked", "checked"):
        title = f"pool, a pair of 64 B, {kind}"
        add(title, allocation, partial(our_pairs, kind), peers(found, "pool"), False)
    add("histogram record", guards, our_records, peers(found, "histogram"), False)
    add("seqlock write, no reader", seqlock, our_writes, peers(found, "write"), False)
    add("seqlock read, no writer", seqlock, our_reads, peers(found, "read"), False)
    if len(cores) > 1:
        for period_ns in PERIODS_NS:
            theirs = under_writer(found, period_ns, cores[1])
            title = f"seqlock read, a write every {period_ns} ns"
            add(title, seqlock, partial(our_reads_under_writer, period_ns, cores[1]), theirs, True)
    return made


def under_writer(found: list[ctypes.CDLL], period_ns: int, core: int) -> dict[str, Run]:
    """Reads of each peer while a thread on ``core`` writes."""
    return {name: their_reads(library, name, period_ns, core) for library in found for name in kinds(library, "read")}


def our_pairs(kind: str, loop: ModuleType) -> Run:
    """Records taken and given back."""
    return block(loop.Allocation(kind).block)


def our_records(loop: ModuleType) -> Run:
    """Values counted."""
    return block(loop.Guard("histogram").block)


def our_writes(loop: ModuleType) -> Run:
    """Payloads written."""
    return block(partial(loop.write_block, written_lock()))


def our_reads(loop: ModuleType) -> Run:
    """Payloads read."""
    return block(partial(loop.block, written_lock()))


def block(loop: Callable[[int], object]) -> Run:
    """One of our loops."""
    return lambda: elapsed(lambda: loop(OPERATIONS) and None, OPERATIONS)


def kinds(library: ctypes.CDLL, operation: str) -> list[str]:
    """The names of the peers in a library that have this operation."""
    return [name.split("_", 1)[1] for name in names(library) if name.split("_", 1)[0] == operation]


def peers(found: list[ctypes.CDLL], operation: str) -> dict[str, Run]:
    """One run for each peer that has the operation."""
    return {
        name: partial(elapsed, partial(call(library, f"{operation}_{name}"), OPERATIONS), OPERATIONS)
        for library in found
        for name in kinds(library, operation)
    }


def call(library: ctypes.CDLL, function: str) -> Callable[[int], int]:
    """A function that takes a number; it gives a true value when something came wrong."""
    found = getattr(library, function)
    found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    return found  # type: ignore[no-any-return]


def our_reads_under_writer(period_ns: int, core: int, loop: ModuleType) -> Run:
    """Reads while a thread on ``core`` writes."""
    lock, ticks = written_lock(), round(calibrate(0.05)[0] * period_ns / 1e9)

    def run() -> float:
        token = ShutdownToken()
        with peer_thread(core, lambda: loop.write_at_pace(lock, token, ticks), token.request):
            return elapsed(lambda: loop.block(lock, OPERATIONS) and None, OPERATIONS)

    return run


def their_reads(library: ctypes.CDLL, name: str, period_ns: int, core: int) -> Run:
    """The same with the lock of a library."""
    ticks = round(calibrate(0.05)[0] * period_ns / 1e9)
    read, pace, stop = (call(library, f"{what}_{name}") for what in ("read", "pace", "stop"))

    def run() -> float:
        with peer_thread(core, lambda: pace(ticks), lambda: stop(1)):
            return elapsed(lambda: read(OPERATIONS), OPERATIONS)

    return run


if __name__ == "__main__":
    main()
