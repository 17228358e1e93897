"""The sections of the chapter, in which a report groups its benchmarks."""

from __future__ import annotations

from lltool.bench.benchmark import Benchmark
from lltool.bench.catalogue import BENCHMARKS

SECTIONS = {
    "5.1": "Low-Latency Trading System Architecture",
    "5.2": "Memory Management and Cache Optimization",
    "5.3": "Lock-Free Data Structures",
    "5.4": "Network I/O Optimization",
    "5.5": "CPU Affinity and Scheduling",
    "5.6": "Message Parsing and Serialization",
    "5.7": "Profiling and Benchmarking",
    "5.8": "Production Architecture",
    "5.9": "Complete Example: Trading System",
}
OTHER = "Other"


def known(benchmark: str) -> Benchmark | None:
    """The catalogue's entry; None for a benchmark of another version of lltool."""
    return next((entry for entry in BENCHMARKS if entry.name == benchmark), None)


def title_of(benchmark: str) -> str:
    """What a benchmark is called in words; its name where the catalogue does not have it."""
    entry = known(benchmark)
    return benchmark if entry is None else entry.title


def headline_of(benchmark: str, measured: tuple[str, ...]) -> str:
    """The metric that stands for a benchmark: the catalogue's, else the first one that was ``measured``."""
    entry = known(benchmark)
    return measured[0] if entry is None else entry.headline


def section_of(benchmark: str) -> str:
    """The section of the chapter that a benchmark belongs to, with its number."""
    entry = known(benchmark)
    number = "" if entry is None else ".".join(entry.section.split(".")[:2])
    return f"{number} {SECTIONS[number]}" if number in SECTIONS else OTHER


def in_order(benchmarks: list[str]) -> list[str]:
    """Benchmarks in the order of the chapter, those of one section as they come, unknown ones last."""
    return sorted(benchmarks, key=lambda name: (section_of(name) == OTHER, section_of(name)))
