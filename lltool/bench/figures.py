"""The figures of a comparison as text, with the digits that the clock allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lltool.bench.estimates import having
from lltool.bench.model import Comparison, Estimate, Run
from lltool.bench.pairing import Pair
from lltool.bench.resolution import format_number, readable_unit, resolution

NONE = "-"


@dataclass(frozen=True, slots=True)
class Figures:
    """``before`` and ``after`` in one ``unit``; ``-`` stands for what there is not."""

    unit: str
    before: str
    after: str
    change: str
    interval: str
    runs: str
    clean: str
    unsettled: bool


def figures_of(entry: Comparison, pair: Pair) -> Figures:
    """The figures of ``entry``, which compares the arms of ``pair``."""
    estimates = (entry.before, entry.after)
    unit, factor = readable_unit(entry.unit, *(found.value for found in estimates if found is not None))
    before, after = (
        NONE if found is None else _value(found, factor, entry, runs, pair.quantum_ns)
        for found, runs in zip(estimates, (pair.before, pair.after), strict=True)
    )
    return Figures(
        unit=unit,
        before=before,
        after=after,
        change=NONE if entry.change is None else f"{percent(entry.change)} %",
        interval=NONE if entry.low is None or entry.high is None else f"{span(entry.low, entry.high)} %",
        runs=runs_of(entry),
        clean=clean_of(entry),
        unsettled=any(found is not None and not found.settled for found in estimates),
    )


def runs_of(entry: Comparison) -> str:
    """How many runs each arm had, as ``10 + 10``."""
    return " + ".join(str(0 if found is None else found.runs) for found in (entry.before, entry.after))


def clean_of(entry: Comparison) -> str:
    """How many of the compared runs nothing disturbed, and the change among those: ``7 + 6 of 20, -12 %``."""
    if entry.clean is None:
        return NONE
    (before, of_before), (after, of_after) = entry.clean.before, entry.clean.after
    change = "" if entry.clean.change is None else f", {percent(entry.clean.change)} %"
    return f"{before} + {after} of {of_before + of_after}{change}"


def percent(change: float) -> str:
    """A relative change in per cent, signed, without the sign for per cent: tenths below 10, else whole."""
    text = f"{100 * change:+.0f}" if abs(change) >= 0.0995 else f"{100 * change:+.1f}"
    return "0" if float(text) == 0 else text


def span(low: float, high: float) -> str:
    """An interval of relative changes in per cent."""
    return f"{percent(low)} to {percent(high)}"


def _value(estimate: Estimate, factor: float, entry: Comparison, runs: Sequence[Run], quantum_ns: float | None) -> str:
    usable = having([run for run in runs if run.benchmark == entry.benchmark], entry.metric)
    return format_number(estimate.value * factor, resolution(usable, entry.metric, quantum_ns) * factor)
