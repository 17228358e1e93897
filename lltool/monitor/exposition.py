"""The text format of Prometheus, version 0.0.4 (prometheus.io, "Exposition formats")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Type = Literal["gauge", "counter", "summary"]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class Family:
    """All samples of one metric; ``add`` takes a suffix (``_sum``) for the parts of a summary."""

    name: str
    type: Type
    help: str
    samples: list[tuple[str, dict[str, str], float]] = field(default_factory=list)

    def add(self, value: float, labels: Mapping[str, str] | None = None, *, suffix: str = "") -> None:
        """Add one sample."""
        self.samples.append((suffix, dict(labels or {}), value))


def exposition(families: Iterable[Family]) -> str:
    """The families that have samples, as text. No sample has a time stamp: node_exporter refuses the file for one."""
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines += [f"# HELP {family.name} {_escaped_help(family.help)}", f"# TYPE {family.name} {family.type}"]
            lines += [f"{family.name}{suffix}{_labels(labels)} {value!r}" for suffix, labels, value in family.samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    # A byte of a host's file that is no UTF-8 would make the whole page unreadable to a scraper.
    clean = value.encode("utf-8", errors="replace").decode("utf-8")
    return clean.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
