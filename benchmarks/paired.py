"""Ours against peers in one interleaved run: every round runs each once, in an order that turns."""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from statistics import median, quantiles
from sysconfig import get_path
from types import ModuleType

from lltool.bench.distance import classify, probe_ticks
from lltool.kernels.clock import calibrate

MIN_ROUNDS = 4

Run = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: what each of them costs, in nanoseconds of one operation."""

    title: str
    two_cores: bool
    ours: Run
    theirs: dict[str, Run]


def options(about: str | None, *, rounds: int) -> argparse.ArgumentParser:
    """A parser of the options that every comparison takes."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--only", default="", help="part of a row's title")
    parser.add_argument("--also", action="append", default=[], metavar="LIBRARY")
    return parser


def libraries(source: Path, also: Sequence[str], folder: Path, flags: Sequence[str] = ()) -> list[ctypes.CDLL]:
    """The peers of ``source``, built with -march=native in ``folder``, and those of the libraries ``also``."""
    return [ctypes.CDLL(str(path)) for path in (_built(source, folder, flags), *also)]


def _built(source: Path, folder: Path, flags: Sequence[str]) -> Path:
    built = folder / f"{source.stem}.so"
    compiler = ["gcc", "-std=gnu11"] if source.suffix == ".c" else ["g++", "-std=c++20"]
    optimised = [*compiler, "-O3", "-march=native", "-DNDEBUG", "-shared", "-fPIC", "-w"]
    subprocess.run([*optimised, str(source), "-o", str(built), *flags], check=True)
    return built


def extension(source: Path, folder: Path, flags: Sequence[str] = ()) -> ModuleType:
    """The extension module of ``source``, built with -march=native in ``folder``."""
    return _loaded(_built(source, folder, [f"-I{get_path('include')}", *flags]))


def kernel(build: Path, name: str) -> ModuleType:
    """A kernel of another build of lltool, unpacked in ``build``, beside that of the installed one."""
    (found,) = build.glob(f"lltool/kernels/{name}.*.so")
    return _loaded(found)


def _loaded(found: Path) -> ModuleType:
    name = found.name.partition(".")[0]
    loader = ExtensionFileLoader(name, str(found))
    module = module_from_spec(ModuleSpec(name, loader, origin=str(found)))
    loader.exec_module(module)
    return module


def names(library: ctypes.CDLL) -> list[str]:
    """What the library has: its function ``peers`` gives the names."""
    library.peers.restype = ctypes.c_char_p
    return str(library.peers().decode()).split()


def elapsed(work: Callable[[], object], operations: int) -> float:
    """Nanoseconds of one operation; ``work`` gives a true value when something came wrong."""
    start = time.perf_counter_ns()
    wrong = work()
    taken = time.perf_counter_ns() - start
    if wrong:
        raise SystemExit("a record did not arrive as it was sent")
    return taken / operations


def report(row: Row, rounds: int, cores: list[int]) -> None:
    """Run all rounds of one row; print min and median of each, and the quartiles of ours / theirs of the same round.

    Rounds of two cores whose cache-line probe before and after disagree are left out and counted.
    """
    runs = {"lltool": row.ours, **row.theirs}
    tick_hz, _ = calibrate(0.05)

    def distance() -> str:
        return classify(probe_ticks(cores[1]) / tick_hz * 1e9) if row.two_cores else "one core"

    kept: dict[str, list[dict[str, float]]] = {}
    mixed = 0
    for turn in range(rounds):
        before = distance()
        order = [*runs][turn % len(runs) :] + [*runs][: turn % len(runs)]
        figures = {name: runs[name]() for name in order}
        if before == distance():
            kept.setdefault(before, []).append(figures)
        else:
            mixed += 1
    for where, found in kept.items():
        if len(found) < MIN_ROUNDS:
            continue
        print(f"{row.title}, {where}, {len(found)} rounds ({mixed} of all mixed), ns: min median; ours/theirs")
        for name in runs:
            ratios = quantiles([figures["lltool"] / figures[name] for figures in found], n=4)
            values = [figures[name] for figures in found]
            shown = " ".join(f"{ratio:.2f}" for ratio in ratios)
            print(f"  {name:26} {min(values):8.2f} {median(values):8.2f}   {shown}", flush=True)
