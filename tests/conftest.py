"""Synthetic runs and results for every folder of tests."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from lltool.bench.model import Distance, Histogram, Result, Run

pytest_plugins = ["tests.command", "tests.fake_host", "tests.fake_boot", "tests.fake_systemd"]

# A busy machine is slow, which is no fault of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# A suite that was started in the background inherits an ignored Ctrl-C, and would hand it on to what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

TICK_HZ = 2.6e9
QUANTUM_TICKS = 26


def histogram_of(ticks: Sequence[int]) -> Histogram:
    """The HDR histogram (3 significant digits) of durations."""
    bins: dict[int, int] = {}
    for duration in ticks:
        shift = max(duration.bit_length() - 11, 0)
        lowest = duration >> shift << shift
        bins[lowest] = bins.get(lowest, 0) + 1
    values = tuple(sorted(bins))
    return Histogram(
        values=values,
        counts=tuple(bins[value] for value in values),
        minimum=min(ticks, default=0),
        maximum=max(ticks, default=0),
        total=sum(ticks),
    )


def run_of(benchmark: str = "tcp.rtt", arm: str = "before", ticks: Sequence[int] | None = None, **changes: Any) -> Run:
    """One run; ``ticks`` are the durations of single operations."""
    run = Run(
        benchmark=benchmark,
        arm=arm,
        block=0,
        position=0,
        started="2024-03-01T09:00:00Z",
        cores=(1,),
        tick_hz=TICK_HZ,
        samples=None if ticks is None else histogram_of(ticks),
        conditions={"pinned": "done"},
    )
    return replace(run, **changes)


def spread(centre: int, n: int = 2000, tail: int = 10) -> list[int]:
    """Durations around ``centre`` ticks, in multiples of the quantum: every 50th is ``tail`` times as long."""
    return [
        (centre * (tail if index % 50 == 0 else 1) + index % 7 * QUANTUM_TICKS) // QUANTUM_TICKS * QUANTUM_TICKS
        for index in range(n)
    ]


def arm_of(benchmark: str, arm: str, centre: int, runs: int = 10, **changes: Any) -> list[Run]:
    """``runs`` runs that differ by up to 3 per mille, with single operations and blocks of 1000."""
    return [
        run_of(
            benchmark,
            arm,
            spread(centre + centre * (position % 4) // 1000),
            **{
                "position": position,
                "block": position // 2,
                "block_ops": 1000,
                "block_ticks": tuple(1000 * centre + centre * (position % 4) + step for step in range(20)),
                **changes,
            },
        )
        for position in range(runs)
    ]


def result_of(runs: Sequence[Run], **changes: Any) -> Result:
    """A result file's content around ``runs``."""
    result = Result(
        created="2024-03-01T09:00:00Z",
        version="0.1.0",
        command="lltool trial --quick",
        label="a label",
        design="ABBA",
        host={
            "schema": "lltool.host/1",
            "cpu": {"model_name": "AMD EPYC 9R14", "product": {"name": "m7a"}},
            "kernel": {"release": "6.1.0-18-amd64", "cmdline": "quiet"},
        },
        passport={"tick_hz": TICK_HZ, "quantum_ticks": QUANTUM_TICKS, "floor_ticks": 52},
        runs=tuple(runs),
    )
    return replace(result, **changes)


def near(before_ns: float = 100.0, after_ns: float = 100.0, distance_class: str = "near") -> Distance:
    return Distance(before_ns, after_ns, distance_class)


class Synthetic:
    """The makers above, for tests to use through one fixture."""

    tick_hz = TICK_HZ
    quantum_ns = QUANTUM_TICKS / TICK_HZ * 1e9
    histogram = staticmethod(histogram_of)
    run = staticmethod(run_of)
    spread = staticmethod(spread)
    arm = staticmethod(arm_of)
    result = staticmethod(result_of)
    distance = staticmethod(near)

    def trial(self, **centres: tuple[int, int]) -> Result:
        """A trial: for each benchmark (``tcp_rtt=(before, after)``, ticks) 10 + 10 runs in ABBA order."""
        runs = [
            run
            for name, (before, after) in centres.items()
            for run in (
                *arm_of(name.replace("_", ".", 1), "before", before),
                *arm_of(name.replace("_", ".", 1), "after", after),
            )
        ]
        return result_of(runs)


@pytest.fixture(scope="session")
def synthetic() -> Synthetic:
    return Synthetic()
