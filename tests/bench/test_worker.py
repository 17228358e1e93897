"""The worker as it runs: a process that is pinned, says what it did, and answers in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
from lltool.bench.benchmark import Benchmark
from lltool.bench.catalogue import BENCHMARKS, by_name
from lltool.bench.frequency import bogomips_hz
from lltool.bench.passport import cautions
from lltool.bench.runner import run_once, take_passport

CORES = sorted(os.sched_getaffinity(0), reverse=True)

STUB = """
import os, sys, types
from dataclasses import replace
from lltool.bench import catalogue, worker
from lltool.bench.workload import Measurement, NotApplicable

def act(cores, effort):
    {body}

stub = types.ModuleType("stub")
stub.act = act
sys.modules["stub"] = stub
catalogue.BENCHMARKS = (replace(catalogue.BENCHMARKS[0], name="stub", workload="stub:act", cores_needed=1),)
worker.main()
"""


SPECIFICATION: dict[str, Any] = {
    "benchmark": "stub",
    "cores": CORES[:1],
    "quick": True,
    "share": 1.0,
    "hold": False,
}


def work(body: str, **changes: Any) -> dict[str, Any]:
    """The document of a worker whose only benchmark has ``body``."""
    specification = SPECIFICATION | {"parent": os.getpid()}
    done = subprocess.run(
        [sys.executable, "-c", STUB.format(body=body)],
        input=json.dumps(specification | changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return json.loads(done.stdout)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda known: known.name)
def test_every_benchmark_measures_or_says_why_not(benchmark: Benchmark) -> None:
    run = run_once(benchmark, CORES, "before", 1, 2, quick=True, hold=False)
    assert run.failed is None
    if run.not_applicable is not None:
        assert run.not_applicable
        return
    assert run.tick_hz > 1e6
    assert run.conditions["pinned"] == "done"
    assert "centre" not in benchmark.metrics or run.block_ticks
    if set(benchmark.metrics) != {"centre"}:
        assert run.samples is not None
        assert run.samples.n > 0
        assert "lost" not in benchmark.metrics or run.duration_ticks >= run.samples.total
    assert (run.distance is not None) == (len(run.cores) == 2)


def test_pinning_really_holds() -> None:
    document = work("return Measurement(notes={'affinity': sorted(os.sched_getaffinity(0))})")
    assert document["notes"]["affinity"] == CORES[:1]


def test_memory_is_locked_or_the_reason_is_given() -> None:
    body = "return Measurement(notes={'status': open('/proc/self/status').read()})"
    document = work(body)
    locked = next(line for line in document["notes"]["status"].splitlines() if line.startswith("VmLck:"))
    assert (document["conditions"]["memory locked"] == "done") == (int(locked.split()[1]) > 0)


def test_idle_states_are_held_only_when_asked_for_and_the_file_stays_open() -> None:
    body = "return Measurement(notes={'files': [os.path.realpath(f'/proc/self/fd/{n}') for n in range(3, 9)]})"
    free, held = work(body), work(body, hold=True)
    assert "/dev/cpu_dma_latency" not in free["notes"]["files"]
    assert free["conditions"]["C-states held"].startswith("not asked for")
    state = held["conditions"]["C-states held"]
    assert (state == "done") == ("/dev/cpu_dma_latency" in held["notes"]["files"])
    assert state == "done" or state.startswith("not held: /dev/cpu_dma_latency: ")


def test_the_arms_of_a_trial_keep_the_priority_they_were_given() -> None:
    body = "return Measurement(notes={'policy': os.sched_getscheduler(0), 'nice': os.nice(0)})"
    notes = work(body)["notes"]
    assert (notes["policy"], notes["nice"]) == (os.sched_getscheduler(0), os.nice(0))


@pytest.mark.parametrize(
    ("body", "key", "text"),
    [
        ("raise NotApplicable('no such thing here')", "not_applicable", "no such thing here"),
        ("open('/nowhere/at/all')", "failed", "/nowhere/at/all: no such file"),
        ("raise PermissionError(1, 'x', 'SO_BUSY_POLL')", "failed", "SO_BUSY_POLL: operation not permitted"),
        ("raise MemoryError('no memory for 7 samples')", "failed", "no memory for 7 samples"),
    ],
)
def test_a_host_that_says_no_is_an_answer(body: str, key: str, text: str) -> None:
    assert text in work(body)[key]


def test_a_core_that_cannot_be_had_is_named() -> None:
    assert "core 8191 cannot be used" in work("return Measurement()", cores=[8191])["failed"]


def test_a_defect_is_a_failed_run_with_its_last_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUB.format(body="raise ValueError('a defect')")],
        input=json.dumps(SPECIFICATION | {"parent": os.getpid()}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ValueError: a defect")


def test_an_orphan_measures_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lltool.bench.worker"],
        input=json.dumps({"benchmark": "timer.cost", "cores": CORES[:1], "quick": True, "hold": False, "parent": 1}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "gone" in done.stderr


def test_the_worker_loads_nothing_heavy() -> None:
    script = (
        "import importlib, pkgutil, sys\n"
        "from lltool import kernels\n"
        "from lltool.bench import worker, workloads\n"
        "from lltool.kernels import loops\n"
        "for room in workloads, kernels, loops:\n"
        "    for found in pkgutil.iter_modules(room.__path__):\n"
        "        importlib.import_module(f'{room.__name__}.{found.name}')\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert not {"numpy", "typer", "pydantic", "hdrh", "jinja2", "psutil", "asyncio"} & set(done.stdout.split())


def test_a_passport_says_what_the_clock_is() -> None:
    passport = take_passport(CORES)
    assert passport["core"] == CORES[0]
    assert passport["floor_ticks"] % passport["quantum_ticks"] == 0
    assert 0.3 < passport["effective_ghz_lowest"] <= passport["effective_ghz"] <= passport["effective_ghz_highest"] < 10
    assert json.loads(json.dumps(passport)) == passport
    if passport["kernel_disagreement_ppm"] is not None:
        assert abs(passport["kernel_disagreement_ppm"]) < 1000


def test_the_kernels_rate_is_read_from_bogomips_where_it_comes_from_the_tsc() -> None:
    assert bogomips_hz({"flags": "fpu tsc msr", "bogomips": "5192.30"}) == pytest.approx(2596.15e6)
    assert bogomips_hz({"flags": "fp asimd", "bogomips": "243.75"}) is None
    assert bogomips_hz({"flags": "tsc", "bogomips": "?"}) is None
    assert bogomips_hz({}) is None


def source(disagreement_ppm: float | None, **changes: object) -> dict[str, object]:
    known = {"name": "a source", "hz": 2.6e9, "step_hz": 0.0, "nominal": False}
    return known | {"disagreement_ppm": disagreement_ppm} | changes


def test_what_does_not_add_up_is_said() -> None:
    good = {
        "tick_source": "tsc",
        "invariant": True,
        "clocksource": "tsc",
        "sources": [
            source(1.0),
            source(None, hz=None),
            source(9000.0, nominal=True),
            # 80 ppm of 2.6 GHz are 0.2 MHz: its last digit does not tell them.
            source(80.0, step_hz=0.2e6),
        ],
        "skew": [{"core": 3, "low_ticks": -100, "high_ticks": 80}],
        "fence_serialises": True,
        "steal_seconds": 0.0,
    }
    assert cautions(good) == []
    for key, value in {
        "invariant": False,
        "clocksource": "hpet",
        "sources": [source(-80.0)],
        "skew": [{"core": 3, "low_ticks": 20, "high_ticks": 180}],
        "fence_serialises": None,
        "steal_seconds": 0.02,
    }.items():
        assert len(cautions(good | {key: value})) == 1


def test_a_passport_names_every_source_and_bounds_the_skew() -> None:
    passport = take_passport(CORES[:2])
    assert [other["core"] for other in passport["skew"]] == CORES[1:2]
    assert all(other["low_ticks"] < other["high_ticks"] for other in passport["skew"])
    told = [source for source in passport["sources"] if source["hz"] is not None]
    assert all(source["hz"] or source["reason"] for source in passport["sources"])
    assert all(abs(source["disagreement_ppm"]) < 1000 for source in told if not source["nominal"])


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs smaps")
@pytest.mark.parametrize("name", ["memory.chase_4k", "memory.chase_huge"])
def test_a_memory_run_names_its_backing(name: str) -> None:
    run = run_once(by_name(name), CORES, "before", 0, 0, quick=True, hold=False)
    assert run.not_applicable or run.notes["backing"] in {"4k", "thp", "hugetlb"}
