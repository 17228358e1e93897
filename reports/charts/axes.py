"""The two axes of a percentile spectrum, from values to positions in SVG units."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_TICKS = 7
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis."""

    position: float
    label: str


def decades(q: float) -> float:
    """``log10(1 / (1 - q))``: 1 for p90, 2 for p99, 3 for p99.9. Raises ``ValueError`` outside 0 <= q < 1."""
    if not 0.0 <= q < 1.0:
        raise ValueError(f"a percentile of a spectrum lies in [0, 1), not at {q!r}")
    return -math.log10(1.0 - q)


@dataclass(frozen=True, slots=True)
class PercentileAxis:
    """Each tenfold rarer tail takes the same width. ``end`` is the last q, in decades."""

    left: float
    right: float
    end: float

    def position(self, q: float) -> float:
        """The x of percentile ``q``."""
        return self.left + decades(q) / self.end * (self.right - self.left)

    def ticks(self) -> tuple[Tick, ...]:
        """0, 50, 90, 99, 99.9, 99.99 ... as far as the axis goes."""
        labels = ["0", "50", "90", "99", *(f"99.{'9' * nines}" for nines in range(1, 16))]
        places = [0.0, decades(0.5), *(float(decade) for decade in range(1, 18))]
        width = (self.right - self.left) / self.end
        return tuple(
            Tick(self.left + place * width, label)
            for place, label in zip(places, labels, strict=True)
            if place <= self.end + 1e-9
        )


@dataclass(frozen=True, slots=True)
class LogAxis:
    """Upwards logarithmic from ``low`` at y = ``bottom`` to ``high`` at y = ``top``."""

    top: float
    bottom: float
    low: float
    high: float
    marks: tuple[float, ...]

    def position(self, value: float) -> float:
        """The y of a positive ``value``."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.bottom - share * (self.bottom - self.top)

    def ticks(self, unit: str) -> tuple[Tick, ...]:
        """The round values of the axis, labelled in the fitting multiple of ``unit``."""
        return tuple(Tick(self.position(mark), quantity(mark, unit)) for mark in self.marks)


def log_axis(smallest: float, largest: float, top: float, bottom: float) -> LogAxis:
    """An axis over positive values with round ends and at most 7 round marks.

    It spans a factor of 2 at least: a difference of 1 % must not fill the picture.
    """
    if largest < 2 * smallest:
        centre = math.sqrt(smallest * largest)
        smallest, largest = centre / math.sqrt(2), centre * math.sqrt(2)
    even = _even_marks(smallest, largest)
    if even:
        return LogAxis(top, bottom, even[0], even[-1], even)
    return _log_axis_of_decades(smallest, largest, top, bottom)


def _even_marks(smallest: float, largest: float) -> tuple[float, ...]:
    """Multiples of a round step, or none where they would crowd at one end of a logarithmic axis."""
    if largest > 5 * smallest:
        return ()
    for step in _round_steps(smallest):
        first, last = math.floor(smallest / step + 1e-9), math.ceil(largest / step - 1e-9)
        if first > 0 and last - first < _MOST_TICKS:
            return tuple(_rounded(step * multiple) for multiple in range(first, last + 1))
    return ()


def _round_steps(smallest: float) -> Iterator[float]:
    decade = math.floor(math.log10(smallest)) - 1
    for exponent in (decade, decade + 1):
        for factor in (1, 2, 5):
            yield factor * 10.0**exponent


def _log_axis_of_decades(smallest: float, largest: float, top: float, bottom: float) -> LogAxis:
    """From one value of the 1-2-5 series to another, marked at those or, where they are too many, at powers of ten."""
    first, last = math.floor(math.log10(smallest)), math.ceil(math.log10(largest))
    series = [_rounded(factor * 10.0**exponent) for exponent in range(first, last + 1) for factor in (1, 2, 5)]
    low = max(mark for mark in series if mark <= smallest * (1 + 1e-9))
    high = min(mark for mark in series if mark >= largest * (1 - 1e-9))
    marks = tuple(mark for mark in series if low <= mark <= high)
    if len(marks) > _MOST_TICKS:
        stride = math.ceil((last - first + 1) / _MOST_TICKS)
        powers = (_rounded(10.0**exponent) for exponent in range(first, last + 1, stride))
        marks = tuple(mark for mark in powers if low <= mark <= high)
    return LogAxis(top, bottom, low, high, marks)


def _rounded(mark: float) -> float:
    return float(f"{mark:.6g}")


def round_step(span: float, most: int) -> float:
    """A round step that divides a positive ``span`` into ``most`` at most."""
    decade = 10.0 ** math.floor(math.log10(span / most))
    return next(decade * factor for factor in (1, 2, 5, 10, 20) if span / (decade * factor) <= most)


def quantity(value: float, unit: str) -> str:
    """``value`` with at most 3 digits of its own: ``1.5 us`` for 1500 ns. Other units than times keep their name."""
    if unit not in _SECONDS or value <= 0:
        return f"{digits(value)} {unit}".rstrip()
    seconds = value * _SECONDS[unit]
    for name, size in reversed(_SECONDS.items()):
        if seconds >= size * (1 - 1e-9):
            return f"{digits(seconds / size)} {name}"
    return f"{digits(value)} {unit}"


def digits(value: float) -> str:
    """``value`` with three significant digits, as the histograms behind it have, and thousands set apart."""
    if value == 0 or not 1e-4 <= abs(value) < 1e9:
        return f"{value:.3g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{round(value, 2 - math.floor(math.log10(abs(value)))):,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
