"""Confidence bands: many percentiles of one arm at once, bootstrapped over its runs for a picture.

As :mod:`lltool.bench.bootstrap`, with fewer resamples: a verdict hangs on an interval's end, a picture does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lltool.bench.bootstrap import SEED, Floats, interval
from lltool.bench.estimates import tick_ns
from lltool.bench.model import Run

RESAMPLES = 500


def percentile_draws(runs: Sequence[Run], wanted: Sequence[Fraction], arm: int) -> Floats:
    """Draws of the percentiles ``wanted`` (ns), shape (RESAMPLES, len(wanted)); every run must hold samples.

    Arms of one comparison have different numbers, so that their draws are independent.
    """
    generator = np.random.default_rng((SEED, arm))
    weights = generator.multinomial(len(runs), np.full(len(runs), 1 / len(runs)), size=RESAMPLES)
    scaled = [
        (np.array(run.samples.values, dtype=float) * scale, run.samples.counts)
        for run, scale in zip(runs, tick_ns(runs), strict=True)
        if run.samples
    ]
    values = np.unique(np.concatenate([own for own, _ in scaled]))
    counts = np.zeros((len(scaled), len(values)))
    for row, (own, own_counts) in enumerate(scaled):
        counts[row, np.searchsorted(values, own)] = own_counts
    cumulative = weights.astype(float) @ np.cumsum(counts, axis=1)
    shares = np.array([float(q) for q in wanted])
    # Counts are exact as floats up to 2**53; the margin keeps ceil() from the noise of a binary q.
    ranks = np.maximum(1.0, np.ceil(np.outer(cumulative[:, -1], shares) * (1 - 1e-12)))
    places = np.array([np.searchsorted(row, rank) for row, rank in zip(cumulative, ranks, strict=True)])
    draws: Floats = values[places]
    return draws


def band(draws: Floats, runs: int) -> list[tuple[float, float]]:
    """The 95 % interval of each column of ``draws``, from arms of at least ``runs`` runs (2 or more)."""
    return [interval(column, runs) for column in draws.T]
