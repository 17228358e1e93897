"""Runs: in which order, each as a process of its own, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from lltool.bench.benchmark import Benchmark
from lltool.bench.model import Distance, Histogram, Interference, Run
from lltool.bench.process import WorkerFailed, ask_worker, kept_off
from lltool.bench.workload import effort_of
from lltool.errors import LltoolError

PASSPORT = "passport"
"""The specification that asks a worker for the passport of the clock."""

QUICK_TIMEOUT_SECONDS = 30.0
FULL_TIMEOUT_SECONDS = 120.0
"""Far beyond what any run takes; a worker that is silent for so long hangs."""


def plan_runs(benchmarks: Sequence[Benchmark], runs: int, first: int = 0) -> list[tuple[Benchmark, int]]:
    """``runs`` rounds over all benchmarks, numbered from ``first``: ``(benchmark, round)``.

    The runs of one benchmark lie as far apart as can be, so that a slow minute of the host falls on all alike.
    """
    return [(benchmark, round_number) for round_number in range(first, first + runs) for benchmark in benchmarks]


def run_once(
    benchmark: Benchmark,
    cores: Sequence[int],
    arm: str,
    block: int,
    position: int,
    *,
    quick: bool,
    hold: bool,
    share: float = 1.0,
) -> Run:
    """Measure ``benchmark`` once in a fresh worker on the first of ``cores``, with the second as peer where needed.

    ``hold`` makes the worker hold idle states off and take a real-time priority; ``share`` cuts the effort. Never
    raises for what happens in the worker: the run then says why it failed or does not apply. The calling thread stays
    off the measured cores meanwhile, where it can.
    """
    used = tuple(cores[: benchmark.cores_of_use])
    place: dict[str, Any] = {
        "benchmark": benchmark.name,
        "arm": arm,
        "block": block,
        "position": position,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": used,
        "effort": effort_of(quick=quick, share=share).name,
    }
    if len(used) < (1 if benchmark.shares_core else benchmark.cores_needed):
        reason = f"needs {benchmark.cores_needed} cores; {len(used)} can be used"
        return Run(**place, tick_hz=0.0, not_applicable=reason)
    specification = {"benchmark": benchmark.name, "cores": used, "quick": quick, "share": share, "hold": hold}
    began = time.monotonic()
    try:
        with kept_off(used):
            document = ask_worker(specification, QUICK_TIMEOUT_SECONDS if quick else FULL_TIMEOUT_SECONDS)
        return Run(**{**_fields(document), **place, "seconds": time.monotonic() - began})
    except WorkerFailed as failure:
        return Run(**place, tick_hz=0.0, failed=str(failure))
    except (KeyError, TypeError, ValueError) as error:
        return Run(**place, tick_hz=0.0, failed=f"the worker's document is not that of a run: {error!r}")


def take_passport(cores: Sequence[int]) -> dict[str, Any]:
    """The passport of the clock, measured on ``cores[0]`` (``passport.measure_passport``). Raises ``LltoolError``."""
    specification = {"benchmark": PASSPORT, "cores": list(cores)}
    try:
        with kept_off(cores):
            return ask_worker(specification, QUICK_TIMEOUT_SECONDS)
    except WorkerFailed as failure:
        raise LltoolError(f"the clock on core {cores[0]} cannot be measured", cause=str(failure)) from failure


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    fields = dict(document)
    if (samples := fields.get("samples")) is not None:
        fields["samples"] = Histogram(
            **{**samples, "values": tuple(samples["values"]), "counts": tuple(samples["counts"])}
        )
    if (found := fields.get("distance")) is not None:
        fields["distance"] = Distance(**found)
    if (seen := fields.get("interference")) is not None:
        fields["interference"] = Interference(**seen)
    fields["block_ticks"] = tuple(fields.get("block_ticks", ()))
    return fields
