"""Percentile spectra of the arms, as points for a chart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from lltool.bench.estimates import merged
from lltool.bench.model import Run
from lltool.bench.quantiles import quantiles
from lltool.bench.resolution import readable_unit
from lltool.experiment.chapter import known, title_of
from lltool.reports import Chart, Spectrum

STEPS_PER_DECADE = 8
"""About 50 points for a million samples."""


def chart_of(benchmark: str, arms: Mapping[str, Sequence[Run]], floor_ns: float | None) -> Chart | None:
    """The spectra of ``benchmark`` by arm; None where no run has samples of single operations.

    ``floor_ns`` is the cost of reading the clock, None where it is not known.
    """
    sampled = {arm: [run for run in runs if run.samples is not None and run.samples.n] for arm, runs in arms.items()}
    found = {arm: (*merged(runs), len(runs)) for arm, runs in sampled.items() if runs}
    if not found:
        return None
    medians = [quantiles(values, counts, [Fraction(1, 2)])[0].value for values, counts, _ in found.values()]
    unit, factor = readable_unit("ns", *medians)
    entry = known(benchmark)
    subject = "length of each gap" if entry is not None and entry.metrics == ("lost",) else "single operations"
    return Chart(
        benchmark=benchmark,
        title=f"{title_of(benchmark)}: {subject}",
        unit=unit,
        floor=None if floor_ns is None else floor_ns * factor,
        spectra=tuple(
            Spectrum(
                arm=arm,
                points=tuple(
                    (float(point.q), point.value * factor) for point in quantiles(values, counts, _grid(sum(counts)))
                ),
                samples=sum(counts),
                runs=runs,
            )
            for arm, (values, counts, runs) in found.items()
        ),
    )


def _grid(samples: int) -> list[Fraction]:
    """Quantiles evenly spread over log 1/(1-q), with the round ones; at least one sample lies beyond the last."""
    decades = math.log10(samples)
    shares = {Fraction(1), Fraction(1, 2)}
    for step in range(int(decades * STEPS_PER_DECADE) + 1):
        whole, part = divmod(step, STEPS_PER_DECADE)
        shares.add(Fraction(1, 10**whole) * Fraction(10 ** (-part / STEPS_PER_DECADE)).limit_denominator(1000))
    return sorted(1 - share for share in shares if share * samples >= 1)
