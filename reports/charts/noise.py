"""The noise on each core: how much of its time was lost, split by the kind of cause. One scale for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.reports.charts.axes import Tick, digits, round_step
from lltool.reports.page import Noise

WIDTH, ROW, BAR = 540.0, 34.0, 20.0
LEFT, RIGHT, TOP = 130.0, 514.0, 8.0
KINDS = ("thread", "interrupt", "timer", "IPI", "softirq", "NMI", "unexplained")
"""In the order of their colours; any other kind is shown as not known."""

_MOST_TICKS = 5
_LETTER_WIDTH = 7.0


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar; ``text`` stands in it where there is room. ``style`` numbers the kind."""

    x: float
    width: float
    style: int
    text: str
    told: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One core."""

    name: str
    y: float
    parts: tuple[Part, ...]
    lost: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the SVG template places."""

    height: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    kinds: tuple[tuple[int, str], ...]
    description: str


def draw(noise: Sequence[Noise]) -> Drawing | None:
    """A bar for each core of each document; None where no core lost any time."""
    largest = max((sum(share for _, share in core.parts) for each in noise for core in each.cores), default=0.0)
    if largest <= 0:
        return None
    step = round_step(100 * largest, _MOST_TICKS)
    end = math.ceil(100 * largest / step - 1e-9) * step
    scale = (RIGHT - LEFT) / end
    bars: list[Bar] = []
    for each in noise:
        for core in each.cores:
            x, parts = LEFT, []
            for kind, share in sorted(core.parts, key=lambda part: style_of(part[0])):
                width = 100 * share * scale
                text = kind if len(kind) * _LETTER_WIDTH < width else ""
                parts.append(Part(x, width, style_of(kind), text, f"{kind}: {digits(100 * share)} %"))
                x += width
            bars.append(Bar(f"{each.title}, core {core.core}", TOP + len(bars) * ROW, tuple(parts), core.lost))
    bottom = TOP + len(bars) * ROW
    present = {kind for each in noise for core in each.cores for kind, _ in core.parts}
    return Drawing(
        height=bottom + 44,
        bottom=bottom,
        x_ticks=tuple(
            Tick(LEFT + mark * step * scale, f"{digits(mark * step)} %") for mark in range(round(end / step) + 1)
        ),
        bars=tuple(bars),
        kinds=tuple(sorted((style_of(kind), kind) for kind in present)),
        description="; ".join(
            f"{bar.name} lost {bar.lost}" + "".join(f", {part.told}" for part in bar.parts) for bar in bars
        ),
    )


def style_of(kind: str) -> int:
    """The number of a kind's colour."""
    return KINDS.index(kind) if kind in KINDS else len(KINDS)
