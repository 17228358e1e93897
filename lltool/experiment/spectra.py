"""The pictures of a benchmark as numbers: percentile spectra with their bands, the shift function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from lltool.bench.bands import band, percentile_draws
from lltool.bench.bootstrap import Floats
from lltool.bench.budgets import load_budgets
from lltool.bench.compare import metrics_of
from lltool.bench.estimates import centre_ns, having, merged
from lltool.bench.matching import FEWEST_RUNS
from lltool.bench.model import Run
from lltool.bench.quantiles import Quantile, percentile_of, quantiles
from lltool.bench.resolution import readable_unit
from lltool.experiment.chapter import known, title_of
from lltool.experiment.columns import runs_chart
from lltool.reports import BudgetLine, Chart, Shift, Spectrum

SHARES_OF_A_DECADE = tuple(Fraction(share, 100) for share in (100, 63, 40, 25, 16))
"""Even on a logarithmic axis, and round: 30 points for a million samples, as many as a table of them bears."""

SHIFT_AT = (*(Fraction(tenth, 10) for tenth in range(1, 10)), Fraction(99, 100), Fraction(999, 1000))
"""Where the arms are compared: deciles, as Wilcox's shift function, and the tail."""

_SETTLED_BEYOND = 10
_ARMS = 2


def chart_of(
    benchmark: str,
    arms: Mapping[str, Sequence[Run]],
    floor_ns: float | None,
    noise: Mapping[str, dict[str, Any]] = MappingProxyType({}),
) -> Chart | None:
    """The pictures of ``benchmark`` by arm; None where no run has figures of time.

    ``floor_ns`` is the cost of reading the clock, None where it is not known; ``noise`` the noise documents by arm.
    """
    sampled = {arm: own for arm, runs in arms.items() if (own := [run for run in runs if _has_samples(run)])}
    blocks = [run for runs in arms.values() for run in having(runs, "centre")]
    if sampled:
        middles = [quantiles(*merged(runs), [Fraction(1, 2)])[0].value for runs in sampled.values()]
    else:
        middles = [centre_ns(run) for run in blocks]
    unit, factor = readable_unit("ns", *middles)
    columns = runs_chart(benchmark, arms, factor, noise)
    if not sampled and columns is None:
        return None
    entry = known(benchmark)
    subject = "length of each gap" if entry is not None and entry.metrics == ("lost",) else "single operations"
    spectra, shift = _spectra_and_shift(sampled, factor)
    return Chart(
        benchmark=benchmark,
        title=f"{title_of(benchmark)}: {subject}" if sampled else title_of(benchmark),
        unit=unit,
        floor=None if floor_ns is None else floor_ns * factor,
        spectra=spectra,
        shift=shift,
        runs=columns,
        budgets=_budgets(benchmark, factor),
    )


def _budgets(benchmark: str, factor: float) -> tuple[BudgetLine, ...]:
    metrics = metrics_of(benchmark, ())
    wanted = [
        (q, budget)
        for metric in metrics
        if (budget := load_budgets().of(benchmark, metric)) and (q := percentile_of(metric))
    ]
    return tuple(
        BudgetLine(float(q), budget.limit_ns * factor, f"{budget.metric} {budget.limit} ({budget.title})")
        for q, budget in wanted
    )


def _has_samples(run: Run) -> bool:
    return run.samples is not None and run.samples.n > 0


def _spectra_and_shift(
    sampled: Mapping[str, Sequence[Run]], factor: float
) -> tuple[tuple[Spectrum, ...], tuple[Shift, ...]]:
    spectra, shifted = [], []
    for number, (arm, runs) in enumerate(sampled.items()):
        values, counts = merged(runs)
        points = quantiles(values, counts, _grid(sum(counts)))
        at = quantiles(values, counts, SHIFT_AT)
        draws, enough = None, len(runs) >= FEWEST_RUNS
        held = [point for point in points if point.beyond >= _SETTLED_BEYOND]
        if enough:
            draws = percentile_draws(runs, [point.q for point in (*held, *at)], number)
        bounds = [] if draws is None else band(draws[:, : len(held)], len(runs))
        spectra.append(
            Spectrum(
                arm=arm,
                points=tuple((float(point.q), point.value * factor) for point in points),
                samples=sum(counts),
                runs=len(runs),
                band=tuple(
                    (float(point.q), low * factor, high * factor)
                    for point, (low, high) in zip(held, bounds, strict=False)
                ),
            )
        )
        if draws is not None:
            shifted.append((at, draws[:, len(held) :], len(runs)))
    return tuple(spectra), _shift(shifted)


def _shift(arms: Sequence[tuple[list[Quantile], Floats, int]]) -> tuple[Shift, ...]:
    if len(arms) != _ARMS:
        return ()
    (before, drawn_before, runs_before), (after, drawn_after, runs_after) = arms
    found = []
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        if min(old.beyond, new.beyond) < _SETTLED_BEYOND or not drawn_before[:, place].all():
            continue
        changes = drawn_after[:, [place]] / drawn_before[:, [place]] - 1
        ((low, high),) = band(changes, min(runs_before, runs_after))
        found.append(Shift(float(old.q), low, new.value / old.value - 1, high))
    return tuple(found)


def _grid(samples: int) -> list[Fraction]:
    """Quantiles evenly spread over log 1/(1-q), with the round ones; at least one sample lies beyond the last."""
    shares = {share / 10**decade for decade in range(len(str(samples))) for share in SHARES_OF_A_DECADE}
    return sorted(1 - share for share in {*shares, Fraction(1, 2)} if share * samples >= 1)
