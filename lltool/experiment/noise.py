"""Who disturbed the cores, out of the noise documents of results, for drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from lltool.bench.model import Result, Run
from lltool.bench.noise.document import EXPLAINED, LEVELS
from lltool.bench.noise.wire import CorePass, NoiseDocument
from lltool.reports import Noise, NoiseCause, NoiseCore, NoiseGap
from lltool.reports.charts.axes import quantity

SMALLEST_SHOWN = 0.001
"""Causes below this share of the lost time are summed up in one row."""

MOST_GAPS = 5
MOST_CANDIDATES = 3


def noise_of(results: Sequence[Result]) -> tuple[Noise, ...]:
    """What each document of ``results`` says; one that this lltool cannot read is left out."""
    found = []
    for result in results:
        for name, content in result.noise.items():
            document = _read(content)
            if document is not None:
                title = name if len(results) == 1 or name not in {"before", "after"} else f"{result.label}: {name}"
                found.append(_noise(title, document))
    return tuple(found)


def candidates(run: Run, longest_ns: float, noise: Mapping[str, dict[str, Any]]) -> str:
    """The causes that took a core of ``run`` at once for half as long as its longest sample, or longer.

    Of the document of the run's own arm, else of all. Empty where none was: what is named is a candidate, no finding.
    """
    contents = [noise[run.arm]] if run.arm in noise else list(noise.values())
    reach: dict[str, int] = {}
    for document in filter(None, map(_read, contents)):
        for gap in document.worst:
            for part in gap.causes if gap.core in run.cores else ():
                name = f"{part.kind} {part.name}".strip()
                reach[name] = max(reach.get(name, 0), part.ns)
    able = sorted(((ns, name) for name, ns in reach.items() if ns >= longest_ns / 2), reverse=True)
    return ", ".join(f"{name} ({duration(ns)})" for ns, name in able[:MOST_CANDIDATES])


def _read(content: dict[str, Any]) -> NoiseDocument | None:
    try:
        return NoiseDocument.model_validate(content)
    except ValidationError:
        return None


def _noise(title: str, document: NoiseDocument) -> Noise:
    shown = [cause for cause in document.causes if cause.share_of_lost >= SMALLEST_SHOWN]
    rest = [cause for cause in document.causes if cause.share_of_lost < SMALLEST_SHOWN]
    causes = [
        NoiseCause(
            name=f"{cause.kind} {cause.name}".strip(),
            share=percent(cause.share_of_lost),
            lost=duration(cause.lost_ns),
            gaps=str(cause.gaps or ""),
            longest=duration(cause.worst_ns) if cause.worst_ns else "",
            setting=cause.setting or "",
            fix=cause.fix,
        )
        for cause in shown
    ]
    if rest:
        lost_ns, share = sum(cause.lost_ns for cause in rest), sum(cause.share_of_lost for cause in rest)
        causes.append(NoiseCause(f"{len(rest)} smaller causes", percent(share), duration(lost_ns), "", "", "", ""))
    parts = {one.core: one for one in document.by_core}
    return Noise(
        title=title,
        about=_about(document),
        cores=tuple(
            NoiseCore(
                core=one.core,
                lost=percent(one.lost_share) + (" at least" if one.unrecorded_gaps else ""),
                gaps=f"{one.gaps + one.unrecorded_gaps:,}",
                lengths=tuple("" if ns is None else duration(ns) for ns in (one.p50_ns, one.p99_ns, one.max_ns)),
                parts=_parts(one, parts[one.core].causes if one.core in parts else ()),
            )
            for one in document.untraced
        ),
        causes=tuple(causes),
        worst=tuple(
            NoiseGap(
                core=gap.core,
                length=duration(gap.length_ns),
                at=f"{gap.at_seconds:.3f} s",
                causes=", ".join(f"{part.kind} {part.name} {duration(part.ns)}" for part in gap.causes[:3]),
            )
            for gap in document.worst[:MOST_GAPS]
        ),
    )


def _parts(one: CorePass, causes: Sequence[Any]) -> tuple[tuple[str, float], ...]:
    """(kind, share of the time watched): of the traced pass split as its causes are, scaled to the untraced one."""
    total = sum(cause.lost_ns for cause in causes)
    if not total:
        return (("not known", one.lost_share),) if one.lost_share else ()
    by_kind: dict[str, float] = {}
    for cause in causes:
        by_kind[cause.kind] = by_kind.get(cause.kind, 0.0) + cause.lost_ns / total * one.lost_share
    return tuple(by_kind.items())


def _about(document: NoiseDocument) -> str:
    explained = document.explained_share
    told = (
        ""
        if explained is None
        else f" {percent(explained)} of the lost time is {EXPLAINED.get(document.level, 'explained')}."
    )
    reason = f" No better level: {document.level_reason}." if document.level_reason else ""
    level = LEVELS.get(document.level, document.level)
    return (
        f"{document.seconds:g} s untraced for the numbers, {document.policy}, gaps of at least {document.threshold_ns} "
        f"ns. Reasons by {document.level}: {level}.{reason}{told}"
    )


def duration(nanoseconds: float) -> str:
    """Three digits in a readable unit: ``1.27 us``."""
    return quantity(nanoseconds, "ns")


def percent(share: float) -> str:
    """A share in per cent with two digits: ``0.032 %``."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"
