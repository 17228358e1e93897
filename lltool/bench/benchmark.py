"""What is known about one benchmark before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Loop = Literal["closed", "open"]


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
    """

    name: str
    title: str
    section: str
    workload: str
    cores_needed: Literal[1, 2]
    loop: Loop
    metrics: tuple[str, ...]
    headline: str
    summary: str
    shares_core: bool = False
    in_trial: bool = False
