"""Gaps joined to segments: how much of each gap each cause took."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lltool.bench.noise.model import UNEXPLAINED, Cause, Explained, Gap, Segment

EDGE_SECONDS = 2e-6
"""How much time beside a segment counts as its own: taking the interrupt, leaving it, choosing the next thread. The
tracepoints lie inside of these; in a guest the injection of an interrupt is part of it. Anything longer is not."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one cause took over all gaps: ``ticks`` in ``gaps`` of them, the longest piece ``worst_ticks``."""

    cause: Cause
    ticks: int
    gaps: int
    worst_ticks: int


def explain(gaps: Iterable[Gap], segments: Sequence[Segment], edge_ticks: int) -> list[Explained]:
    """Each gap of one core with its causes. ``segments`` of that core, ascending and without overlap."""
    ends = [segment.end for segment in segments]
    found = []
    for gap in gaps:
        first = bisect_right(ends, gap.start)
        inside = []
        for segment in segments[first:]:
            if segment.start >= gap.end:
                break
            inside.append(segment)
        found.append(Explained(gap, _split(gap, inside, edge_ticks)))
    return found


def _split(gap: Gap, inside: Sequence[Segment], edge_ticks: int) -> dict[Cause, int]:
    ticks: dict[Cause, int] = {}

    def add(cause: Cause, length: int) -> None:
        if length > 0:
            ticks[cause] = ticks.get(cause, 0) + length

    position = gap.start
    before: Cause | None = None
    for segment in inside:
        start, end = max(segment.start, gap.start), min(segment.end, gap.end)
        # Half of a short piece between two segments belongs to each of them.
        free = start - position
        left = min(edge_ticks, free // 2 if before is not None else 0)
        right = min(edge_ticks, free - left)
        if before is not None:
            add(before, left)
        add(segment.cause, right)
        add(UNEXPLAINED, free - left - right)
        add(segment.cause, end - start)
        position, before = end, segment.cause
    free = gap.end - position
    left = min(edge_ticks, free) if before is not None else 0
    if before is not None:
        add(before, left)
    add(UNEXPLAINED, free - left)
    return ticks


def shares(explained: Iterable[Explained]) -> list[Share]:
    """What each cause took, the most first."""
    ticks: dict[Cause, list[int]] = {}
    for one in explained:
        for cause, taken in one.ticks.items():
            ticks.setdefault(cause, []).append(taken)
    found = [Share(cause, sum(taken), len(taken), max(taken)) for cause, taken in ticks.items()]
    return sorted(found, key=lambda share: (-share.ticks, str(share.cause)))


def explained_share(all_shares: Sequence[Share]) -> float | None:
    """The share of lost time that was joined to a traced event; None where nothing was lost."""
    total = sum(share.ticks for share in all_shares)
    return sum(share.ticks for share in all_shares if share.cause != UNEXPLAINED) / total if total else None
