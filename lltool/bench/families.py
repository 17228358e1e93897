"""Many comparisons at once: the verdicts that Holm's correction leaves, and how many more runs the others take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.model import Comparison, Outcome
from lltool.bench.more_runs import in_words, more_runs, to_settle
from lltool.bench.significance import ALPHA, holm

CLAIMS = frozenset({Outcome.BETTER, Outcome.WORSE})


@dataclass(frozen=True, slots=True)
class Single:
    """A comparison decided for itself alone; one more run in each of its arms takes ``run_seconds``.

    ``open`` says that more runs might decide it.
    """

    comparison: Comparison
    run_seconds: float = 0.0
    open: bool = False


def corrected(found: Sequence[Single]) -> list[Comparison]:
    """The comparisons as members of their families (``significance`` names them), in the same order."""
    headlines = {(known.name, known.headline) for known in BENCHMARKS}
    families: dict[bool, dict[int, float]] = {True: {}, False: {}}
    for index, single in enumerate(found):
        entry = single.comparison
        if entry.p is not None:
            families[(entry.benchmark, entry.metric) in headlines][index] = entry.p
    verdicts = [_undecided(single, ALPHA) for single in found]
    for family in families.values():
        adjusted = holm(family)
        # What this p has to fall to, while all others stay as they are.
        level = ALPHA / max(1, sum(p > ALPHA for p in adjusted.values()))
        for index, p in adjusted.items():
            entry = replace(found[index].comparison, p=p)
            taken_back = entry.outcome in CLAIMS and p > ALPHA
            if taken_back:
                entry = _taken_back(entry, len(family))
            verdicts[index] = _undecided(
                replace(found[index], comparison=entry, open=found[index].open or taken_back), level
            )
    return verdicts


def _taken_back(entry: Comparison, family: int) -> Comparison:
    reason = (
        f"not sure enough among {family} figures: p is {entry.p:.2g} after Holm's correction; alone, {entry.reason}"
    )
    return replace(entry, outcome=Outcome.INCONCLUSIVE, reason=reason)


def _undecided(single: Single, level: float) -> Comparison:
    """The comparison with the runs that would decide it, where more runs can."""
    entry = single.comparison
    if not single.open or entry.before is None or entry.after is None:
        return entry
    runs = min(entry.before.runs, entry.after.runs)
    if not (entry.before.settled and entry.after.settled):
        more = to_settle([entry.before, entry.after])
        doing = "settle it"
    elif entry.change is None or entry.low is None or entry.high is None:
        return entry
    else:
        more = more_runs(entry.change, (entry.low, entry.high), entry.margin, runs, level)
        doing = "decide"
    seconds = (more or 0) * single.run_seconds
    reason = f"{entry.reason}; {in_words(more, seconds, doing)}"
    return replace(entry, more_runs=more, more_seconds=seconds or None, reason=reason)
