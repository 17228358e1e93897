"""The longest single operations of a benchmark, and what the kernel says happened in their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lltool.bench.estimates import NS_PER_SECOND
from lltool.bench.model import Interference, Run
from lltool.experiment.noise import candidates, duration
from lltool.reports import WorstSample

MOST = 3
_MOST_INTERRUPTS = 3


def worst_samples(runs: Sequence[tuple[Run, str]], noise: Mapping[str, dict[str, Any]]) -> tuple[WorstSample, ...]:
    """The ``MOST`` runs with the longest operations, longest first; ``runs`` with their arms, in order of time."""
    longest = [
        (run.samples.maximum / run.tick_hz * NS_PER_SECOND, place, run, arm)
        for place, (run, arm) in enumerate(runs, start=1)
        if run.samples is not None and run.samples.n
    ]
    longest.sort(key=lambda found: (-found[0], found[1]))
    return tuple(
        WorstSample(
            run=place,
            arm=arm,
            length=duration(length_ns),
            seen="not watched" if run.interference is None else _seen(run.interference),
            candidates=candidates(run, length_ns, noise),
        )
        for length_ns, place, run, arm in longest[:MOST]
    )


def _seen(found: Interference) -> str:
    interrupts = sorted(found.interrupts.items(), key=lambda each: -each[1])
    rest = len(interrupts) - _MOST_INTERRUPTS
    named = ", ".join(f"{name} {count}" for name, count in interrupts[:_MOST_INTERRUPTS])
    texts = (
        _times(found.involuntary_switches, "switched off its core"),
        _times(found.migrations, "moved to another core"),
        _times(found.major_faults, "waited for a page from storage"),
        f"{duration(found.steal_seconds * NS_PER_SECOND)} stolen by the hypervisor" if found.steal_seconds else "",
        f"interrupts: {named}{f' and {rest} more' if rest > 0 else ''}" if named else "",
    )
    return "; ".join(filter(None, texts)) or "nothing that the kernel counts"


def _times(count: int, what: str) -> str:
    return f"{what} {count} time{'s' if count > 1 else ''}" if count else ""
