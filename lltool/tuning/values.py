"""What a profile may ask of a setting, and when a live value meets it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lltool.host.cpulist import format_cpulist, parse_cpulist

AT_LEAST = ">="

NONE = "none"
"""The value of an empty list of CPUs."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A wanted value in canonical form: words separated by single spaces.

    ``at_least`` asks only for numbers not smaller than these: a larger live value stays.
    """

    text: str
    at_least: bool = False

    def __str__(self) -> str:
        return f"{AT_LEAST} {self.text}" if self.at_least else self.text

    def met_by(self, live: str) -> bool:
        """Whether a live value is what is wanted, white space aside."""
        if self.at_least:
            return self.text_over(live) == normalised(live)
        return normalised(live) == self.text

    def text_over(self, live: str) -> str:
        """What to write where ``live`` is in force: with ``at_least`` the larger number at each place."""
        if not self.at_least:
            return self.text
        present = [int(word) for word in live.split()]
        wanted = [int(word) for word in self.text.split()]
        return " ".join(str(max(pair)) for pair in zip(present, wanted, strict=True))


def normalised(text: str) -> str:
    """Words separated by single spaces: the kernel prints tabs where it was given spaces."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """The type and the bounds of a setting's value, from the catalogue's ``value`` table.

    Types: ``int``; ``ints`` (``count`` of them); ``choice``; ``cpus`` (a CPU list, or ``none``); ``flags_cpus`` (any of
    ``choices``, then a CPU list, as ``isolcpus=`` takes them); ``text`` (all of it matches ``pattern``); ``never`` (of
    advice: no value is accepted).
    """

    type: str
    minimum: int = 0
    maximum: int = 0
    count: int = 1
    choices: tuple[str, ...] = ()
    pattern: str = ""

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> ValueSpec:
        """Read the catalogue's ``value`` table; raises ``KeyError`` or ``ValueError`` where it is wrong."""
        kind = table["type"]
        if kind in {"int", "ints"}:
            return cls(kind, table["min"], table["max"], table.get("count", 1))
        if kind in {"choice", "flags_cpus"}:
            return cls(kind, choices=tuple(table["of"]))
        if kind == "text":
            return cls(kind, pattern=table["pattern"])
        if kind in {"cpus", "never"}:
            return cls(kind)
        raise ValueError(f"unknown value type {kind!r}")

    def parse(self, value: str) -> Wish:
        """Turn a profile's text into a wish; raises ``ValueError`` that says what would be accepted."""
        text = normalised(value)
        at_least = text.startswith(AT_LEAST)
        if at_least:
            text = text.removeprefix(AT_LEAST).strip()
            if self.type not in {"int", "ints"}:
                raise ValueError(f"{value!r}: only numbers can be asked for with {AT_LEAST}")
        if self.type in {"int", "ints"}:
            return Wish(self._numbers(text), at_least)
        if self.type == "choice" and text not in self.choices:
            raise ValueError(f"{value!r} is not one of {', '.join(self.choices)}")
        if self.type == "cpus":
            return Wish(text if text == NONE else _cpus(text))
        if self.type == "flags_cpus":
            return Wish(self._flags_and_cpus(text))
        if self.type == "never":
            raise ValueError("lltool does not set it")
        if self.type == "text" and re.fullmatch(self.pattern, text, re.ASCII) is None:
            raise ValueError(f"{value!r} does not have the form {self.pattern}")
        return Wish(text)

    def _flags_and_cpus(self, text: str) -> str:
        words = text.split(",")
        flags = [word for word in words if not word[:1].isdigit()]
        unknown = [flag for flag in flags if flag not in self.choices]
        if unknown:
            raise ValueError(f"{', '.join(map(repr, unknown))}: the flags are {', '.join(self.choices)}")
        return ",".join([*flags, _cpus(",".join(words[len(flags) :]))])

    def _numbers(self, text: str) -> str:
        words = text.split()
        if len(words) != self.count:
            raise ValueError(f"{text!r} must be {self.count} whole number{'s' if self.count > 1 else ''}")
        for word in words:
            try:
                number = int(word)
            except ValueError:
                raise ValueError(f"{word!r} is not a whole number") from None
            if not self.minimum <= number <= self.maximum:
                raise ValueError(f"{number} is outside {self.minimum} to {self.maximum}")
        return " ".join(str(int(word)) for word in words)


def _cpus(text: str) -> str:
    cpus = parse_cpulist(text)
    if not cpus:
        raise ValueError(f"{text!r} names no CPU")
    return format_cpulist(cpus)


def in_one_line(values: Iterable[str]) -> str:
    """Each distinct value with how often it occurs."""
    counts = Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{value} (x{count})" for value, count in counts.most_common())
