"""What was found as JSON types; times in nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lltool.bench.noise.attribution import Share, explained_share, shares
from lltool.bench.noise.counters import OTHER_THREADS, STOLEN
from lltool.bench.noise.fixes import fix_for
from lltool.bench.noise.model import UNEXPLAINED, Cause, Explained
from lltool.bench.noise.shape import shapes
from lltool.bench.noise.tracefs import Trace
from lltool.bench.noise.watch import Watched
from lltool.bench.quantiles import rank

WORST = 10

TRACEFS, COUNTERS, SHAPE = "tracefs", "counters", "shape"
LEVELS = {
    TRACEFS: "each gap joined to what the kernel traced meanwhile",
    COUNTERS: "what the kernel counted meanwhile: how often, and for threads and stolen time how long",
    SHAPE: "rhythm and length of the gaps alone: suggestions, not findings",
}
"""The ladder, best first."""

EXPLAINED = {
    TRACEFS: "explained",
    COUNTERS: "accounted for by counters, and none of it joined to a traced event",
    SHAPE: "explained",
}
"""What may be said of the share of lost time that has a cause."""


def pass_document(watched: Sequence[Watched], tick_hz: float) -> list[dict[str, Any]]:
    """What each core lost in one pass."""
    return [
        {
            "core": one.core,
            "watched_ns": _ns(one.ticks, tick_hz),
            "lost_ns": _ns(one.lost_ticks, tick_hz),
            "lost_share": one.lost_ticks / one.ticks,
            "gaps": len(one.gaps),
            "unrecorded_gaps": one.unrecorded,
            **_lengths(one, tick_hz),
        }
        for one in watched
    ]


def _lengths(one: Watched, tick_hz: float) -> dict[str, int | None]:
    ordered = sorted(gap.end - gap.start for gap in one.gaps)
    named = {"p50_ns": Fraction(1, 2), "p99_ns": Fraction(99, 100), "max_ns": Fraction(1)}
    return {name: _ns(ordered[rank(q, len(ordered)) - 1], tick_hz) if ordered else None for name, q in named.items()}


def by_trace(
    explained: Sequence[Explained], watched: Sequence[Watched], trace: Trace, tick_hz: float, *, fifo: bool
) -> dict[str, Any]:
    """The causes of the traced pass."""
    found = shares(explained)
    begins = {one.core: one.begin for one in watched}
    worst = sorted(explained, key=lambda one: one.gap.start - one.gap.end)[:WORST]
    return {
        "level": TRACEFS,
        "level_reason": "",
        "explained_share": explained_share(found),
        "causes": _causes(found, sum(one.lost_ticks for one in watched), tick_hz, fifo=fifo),
        "by_core": [
            _core_causes(one, shares(part for part in explained if part.gap.core == one.core), tick_hz)
            for one in watched
        ],
        "worst": [
            {
                "core": one.gap.core,
                "at_seconds": (one.gap.start - begins[one.gap.core]) / tick_hz,
                "length_ns": _ns(one.gap.end - one.gap.start, tick_hz),
                "causes": [
                    {"kind": cause.kind.value, "name": cause.name, "ns": _ns(ticks, tick_hz)}
                    for cause, ticks in sorted(one.ticks.items(), key=lambda taken: -taken[1])
                ],
            }
            for one in worst
        ],
        "events_lost": trace.lost,
        "events_missing": list(trace.missing),
    }


def by_counters(
    watched: Sequence[Watched],
    counts: Mapping[int, Mapping[Cause, int]],
    stolen_ns: Mapping[int, int],
    tick_hz: float,
    reason: str,
) -> dict[str, Any]:
    """Time by run delay and stolen time, the rest unexplained; and how often everything else came."""
    lost = sum(one.lost_ticks for one in watched)
    by_core = [(one, _counted_shares(one, stolen_ns.get(one.core, 0), tick_hz)) for one in watched]
    ticks = dict.fromkeys((OTHER_THREADS, STOLEN, UNEXPLAINED), 0)
    for _, own in by_core:
        for share in own:
            ticks[share.cause] += share.ticks
    threads = ticks[OTHER_THREADS]
    found = [Share(cause, taken, 0, 0) for cause, taken in ticks.items() if taken]
    return {
        "level": COUNTERS,
        "level_reason": reason,
        "explained_share": threads / lost if lost else None,
        "causes": _causes(found, lost, tick_hz),
        "by_core": [_core_causes(one, own, tick_hz) for one, own in by_core],
        "counts": [
            {"core": core, "kind": cause.kind.value, "name": cause.name, "count": count, **_fix(cause)}
            for core, own in counts.items()
            for cause, count in own.items()
        ],
        "worst": _worst_gaps(watched, tick_hz),
    }


def _counted_shares(one: Watched, stolen_ns: int, tick_hz: float) -> list[Share]:
    """What the counters of its core explain of one watcher's lost time; never more than was lost."""
    per_ns = tick_hz / 1e9
    threads = min(one.lost_ticks, round((one.run_delay_ns or 0) * per_ns))
    stolen = min(one.lost_ticks - threads, round(stolen_ns * per_ns))
    taken = ((OTHER_THREADS, threads), (STOLEN, stolen), (UNEXPLAINED, one.lost_ticks - threads - stolen))
    return [Share(cause, ticks, 0, 0) for cause, ticks in taken if ticks > 0]


def _core_causes(one: Watched, found: Sequence[Share], tick_hz: float) -> dict[str, Any]:
    return {
        "core": one.core,
        "watched_ns": _ns(one.ticks, tick_hz),
        "causes": [
            {"kind": share.cause.kind.value, "name": share.cause.name, "lost_ns": _ns(share.ticks, tick_hz)}
            for share in found
        ],
    }


def by_shape(watched: Sequence[Watched], tick_hz: float, reason: str) -> dict[str, Any]:
    """What rhythm and length suggest; nothing is explained."""
    lost = sum(one.lost_ticks for one in watched)
    return {
        "level": SHAPE,
        "level_reason": reason,
        "explained_share": 0.0 if lost else None,
        "causes": [],
        "by_core": [],
        "shapes": [
            {"core": one.core, "reason": shape.reason, "gaps": shape.gaps, "lost_ns": _ns(shape.ticks, tick_hz)}
            for one in watched
            for shape in shapes(one.gaps, tick_hz)
        ],
        "worst": _worst_gaps(watched, tick_hz),
    }


def _worst_gaps(watched: Sequence[Watched], tick_hz: float) -> list[dict[str, Any]]:
    gaps = sorted(
        ((gap, one.begin) for one in watched for gap in one.gaps), key=lambda found: found[0].start - found[0].end
    )
    return [
        {
            "core": gap.core,
            "at_seconds": (gap.start - begin) / tick_hz,
            "length_ns": _ns(gap.end - gap.start, tick_hz),
            "causes": [],
        }
        for gap, begin in gaps[:WORST]
    ]


def _causes(found: Sequence[Share], lost_ticks: int, tick_hz: float, *, fifo: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "kind": share.cause.kind.value,
            "name": share.cause.name,
            "lost_ns": _ns(share.ticks, tick_hz),
            "share_of_lost": share.ticks / lost_ticks,
            "gaps": share.gaps,
            "worst_ns": _ns(share.worst_ticks, tick_hz),
            **_fix(share.cause, fifo=fifo),
        }
        for share in found
    ]


def _fix(cause: Cause, *, fifo: bool = False) -> dict[str, str | None]:
    fix = fix_for(cause, fifo=fifo)
    return {"setting": fix.setting, "fix": fix.text}


def _ns(ticks: float, tick_hz: float) -> int:
    return round(ticks / tick_hz * 1e9)
