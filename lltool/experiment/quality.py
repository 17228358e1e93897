"""What the figures of a report rest on: design, runs, disturbances, settled percentiles, resolution."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from lltool.bench.model import Comparison, Result, Run
from lltool.bench.pairing import SEQUENTIAL
from lltool.bench.resolution import floor_ns, quantum_ns
from lltool.experiment.facts import Pairs

_DESIGNS = {
    "ABBA": "ABBA: the arms in turn, so that a drift of the machine falls on both",
    SEQUENTIAL: "sequential: one arm after the other, the weaker evidence, since a drift of the machine looks the same",
}


def quality_pairs(results: Sequence[Result], runs: Sequence[Run], design: str, figures: Sequence[Comparison]) -> Pairs:
    """Names and texts; a line that nothing is known about is left out."""
    measured = [run for run in runs if run.measured]
    steady = [run.notes["steady"] for run in measured if "steady" in run.notes]
    held = [found for entry in figures for found in (entry.before, entry.after) if found is not None]
    lines = (
        ("Design", _DESIGNS.get(design, design)),
        ("Runs", f"{len(measured)} of {len(runs)} gave figures"),
        ("Steady", f"{sum(map(bool, steady))} of {len(steady)} runs, after warming up" if steady else ""),
        ("Disturbed", _disturbed(measured)),
        ("Settled", f"{sum(found.settled for found in held)} of {len(held)} figures" if held else ""),
        ("Clock", _clock(results)),
    )
    return tuple((name, text) for name, text in lines if text)


def _disturbed(runs: Sequence[Run]) -> str:
    """How many of the runs that were watched for it lost their core; nothing is left out for it."""
    watched = [run.interference for run in runs if run.interference is not None]
    if not watched:
        return ""
    switched = sum(found.involuntary_switches > 0 for found in watched)
    stolen = sum((found.steal_seconds or 0) > 0 for found in watched)
    return f"{switched} of {len(watched)} runs were switched off their core, {stolen} lost time to the hypervisor"


def _clock(results: Sequence[Result]) -> str:
    steps = [step for result in results if (step := quantum_ns(result.passport)) is not None]
    floors = [floor for result in results if (floor := floor_ns(result.passport)) is not None]
    if not steps or not floors:
        return ""
    return f"steps of {max(steps):.3g} ns; an empty measurement takes {median(floors):.3g} ns"
