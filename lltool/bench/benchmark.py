"""What is known about one benchmark before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Loop = Literal["closed", "open"]

BOTH_MODES = ("centre", "p50", "p99", "p99.9")
SINGLE = ("p50", "p99", "p99.9")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One measured operation of one primitive.

    ``section`` is where the chapter speaks of it. ``workload`` names a function as ``module:function``.
    ``loop``: ``closed`` measures service time (the next operation waits for the last one), ``open`` measures from the
    intended time of a fixed schedule. ``metrics`` are the figures that a comparison computes:

    - ``centre``: nanoseconds per operation from block mode;
    - ``p50``, ``p99``, ``p99.9``: nanoseconds of single operations;
    - ``lost``: share of time lost to gaps, in parts per million.

    ``headline`` is the one that speaks for the benchmark. ``shares_core`` says that both threads may run on one core
    where there is no second: they block instead of spinning, and the run notes it. ``in_trial`` puts it into the
    passes of `lltool trial`, which measures few benchmarks often: those whose figure a setting of the host can move.
    ``in_quick`` is False where preparing a run takes so long that `lltool bench all --quick` leaves it out; ``in_all``
    where it is one of a sweep, of which `lltool bench all` takes a part. ``cores_needed`` is the fewest it runs on,
    ``cores_of_use`` what it uses where there are more.
    """

    name: str
    title: str
    section: str
    workload: str
    cores_needed: Literal[1, 2, 3]
    loop: Loop
    metrics: tuple[str, ...]
    headline: str
    summary: str
    shares_core: bool = False
    in_trial: bool = False
    in_quick: bool = True
    in_all: bool = True
    cores_of_use: int = 1


def entry(
    name: str,
    title: str,
    section: str,
    workload: str,
    summary: str,
    *,
    cores: Literal[1, 2, 3] = 1,
    cores_of_use: int | None = None,
    loop: Loop = "closed",
    metrics: tuple[str, ...] = BOTH_MODES,
    headline: str | None = None,
    shares_core: bool = False,
    in_trial: bool = False,
    in_quick: bool = True,
    in_all: bool = True,
) -> Benchmark:
    """A benchmark whose ``workload`` is in :mod:`lltool.bench.workloads`; its first metric speaks for it by default."""
    return Benchmark(
        name=name,
        title=title,
        section=section,
        workload=f"lltool.bench.workloads.{workload}",
        cores_needed=cores,
        loop=loop,
        metrics=metrics,
        headline=headline or metrics[0],
        summary=summary,
        shares_core=shares_core,
        in_trial=in_trial,
        in_quick=in_quick,
        in_all=in_all,
        cores_of_use=cores_of_use or cores,
    )
