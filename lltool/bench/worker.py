"""The process of one run: ``python -m lltool.bench.worker``, one JSON specification on stdin, one document on stdout.

Specification: ``{"benchmark": NAME, "cores": [...], "quick": BOOL, "share": SHARE, "hold": BOOL,
"parent": PID}``; the benchmark ``passport`` gives the passport of the clock. Otherwise the document has the fields of
:class:`lltool.bench.model.Run` that the worker knows: all but ``arm``, ``block`` and ``position``.

It starts fast, because a comparison is made of many short processes: it loads neither numpy nor typer.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from typing import Any, cast

from lltool.bench.benchmark import Benchmark
from lltool.bench.catalogue import by_name
from lltool.bench.conditions import DONE, held_c_states, lock_memory, pin_to
from lltool.bench.distance import distance, probe_ticks
from lltool.bench.interference import Witness
from lltool.bench.neighbours import neighbours
from lltool.bench.scheduling import held_priority
from lltool.bench.workload import NotApplicable, Workload, effort_of
from lltool.errors import LltoolError, from_os_error
from lltool.root import Root

MIN_CALIBRATION_SECONDS = 0.02


def main() -> None:
    """Read the specification, measure, print the document. A host that says no is an answer, not a traceback."""
    from lltool.kernels.placement import die_with_parent

    die_with_parent(signal.SIGKILL)
    specification = json.load(sys.stdin)
    if os.getppid() != specification["parent"]:
        sys.exit("the process that asked for this run is gone")
    document = take_passport(specification) if specification["benchmark"] == "passport" else run(specification)
    json.dump(document, sys.stdout)


def take_passport(specification: dict[str, Any]) -> dict[str, Any]:
    """Measure the clock on the first of the cores, and how far those of the others stand apart from it."""
    from lltool.bench.passport import measure_passport

    pin_to(specification["cores"][0])
    return measure_passport(Root(), specification["cores"])


def run(specification: dict[str, Any]) -> dict[str, Any]:
    """Measure what ``specification`` names; not applicable and failed are documents too."""
    benchmark = by_name(specification["benchmark"])
    cores = tuple(specification["cores"])
    document: dict[str, Any] = {
        "benchmark": benchmark.name,
        "cores": cores,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "tick_hz": 0.0,
        "conditions": {},
    }
    try:
        _measure(benchmark, cores, specification, document)
    except NotApplicable as reason:
        document["not_applicable"] = str(reason)
    except OSError as error:
        document["failed"] = str(from_os_error(error.filename or benchmark.name, error))
    except (LltoolError, MemoryError) as error:
        document["failed"] = str(error)
    return document


def _measure(
    benchmark: Benchmark, cores: tuple[int, ...], specification: dict[str, Any], document: dict[str, Any]
) -> None:
    from lltool.kernels.clock import bracket, rate
    from lltool.kernels.placement import prefault_stack

    root = Root()
    conditions = document["conditions"]
    module, _, function = benchmark.workload.partition(":")
    workload = cast("Workload", getattr(importlib.import_module(module), function))
    pin_to(cores[0])
    conditions["pinned"] = DONE
    conditions["memory locked"] = lock_memory(root)
    prefault_stack()
    conditions["stack prefaulted"] = DONE
    gc.disable()
    conditions.update(neighbours(root, cores))
    if benchmark.cores_needed > 1 and len(cores) > 1:
        conditions["start barrier"] = DONE
    wanted = specification["hold"]
    with held_c_states(root, wanted=wanted) as held, held_priority(root, cores, wanted=wanted) as priority:
        conditions["C-states held"] = held
        conditions.update(priority)
        # The run itself is the window of the calibration: longer than any that could be added to it.
        first = bracket()
        trips = [probe_ticks(cores[1])] if benchmark.cores_needed > 1 and len(cores) > 1 else []
        witness = Witness(root, cores[: benchmark.cores_of_use])
        effort = effort_of(quick=specification["quick"], share=specification["share"])
        measurement = workload(cores[: benchmark.cores_of_use], effort)
        document["interference"] = asdict(witness.seen())
        if trips:
            trips.append(probe_ticks(cores[1]))
        remaining = MIN_CALIBRATION_SECONDS - (time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - first[1]) / 1e9
        time.sleep(max(0.0, remaining))
        hz, uncertainty_ppm = rate(first, bracket())
    document["tick_hz"] = hz
    document.update(asdict(measurement))
    document["notes"]["tick_hz_uncertainty_ppm"] = uncertainty_ppm
    if trips:
        before, after = (trip / hz * 1e9 for trip in trips)
        document["distance"] = asdict(distance(before, after))


if __name__ == "__main__":
    main()
