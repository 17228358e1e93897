"""Histograms for the usual HDR viewers: ``.hlog`` (one line a run) and ``.hgrm`` (percentiles), in nanoseconds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from hdrh.histogram import HdrHistogram

from lltool.bench import hdr
from lltool.bench.estimates import NS_PER_SECOND

if TYPE_CHECKING:
    from lltool.bench.model import Result, Run

_LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
_SECONDS_PER_RUN = 1.0


def hlog(result: Result) -> str:
    """All runs with single operations as one log, format 1.3: a tagged line each (``Tag=tcp.rtt/before``).

    ``HistogramLogReader`` of every HdrHistogram port and HistogramLogAnalyzer read it; a tag is a series there.
    Maxima are milliseconds, as the viewers expect; a run without its length counts as one second.
    """
    began = _epoch(result.created)
    lines = [
        f"#[lltool {result.version}: values in nanoseconds, stamps included; {_word(result.label) or 'no label'}]",
        "#[Histogram log format version 1.3]",
        f"#[StartTime: {began:.3f} (seconds since epoch), {result.created}]",
        _LEGEND,
    ]
    for run in result.runs:
        if run.measured and run.samples is not None and run.samples.n:
            histogram = _histogram([run])
            blob = histogram.encode().decode("ascii")
            start = max(0.0, _epoch(run.started) - began)
            length = run.seconds or _SECONDS_PER_RUN
            largest = run.samples.maximum / run.tick_hz * 1e3
            lines.append(f"Tag={_word(run.benchmark)}/{_word(run.arm)},{start:.3f},{length:.3f},{largest:.6f},{blob}")
    return "\n".join(lines) + "\n"


def hgrms(result: Result) -> dict[str, str]:
    """A percentile distribution for each benchmark and arm, by file name: ``tcp.rtt-before.hgrm``."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in result.runs:
        if run.measured and run.samples is not None and run.samples.n:
            groups.setdefault((run.benchmark, run.arm), []).append(run)
    found = {}
    for (benchmark, arm), runs in groups.items():
        buffer = io.BytesIO()
        _histogram(runs).output_percentile_distribution(buffer, 1.0)
        found[f"{_word(benchmark)}-{_word(arm)}.hgrm"] = buffer.getvalue().decode("ascii")
    return found


def _histogram(runs: Iterable[Run]) -> HdrHistogram:
    histogram = HdrHistogram(1, hdr.HIGHEST_TICKS, hdr.SIGNIFICANT_FIGURES)
    for run in runs:
        if run.samples is None:
            continue
        for value, count in zip(run.samples.values, run.samples.counts, strict=True):
            histogram.record_value(min(hdr.HIGHEST_TICKS, round(value / run.tick_hz * NS_PER_SECOND)), count)
    return histogram


def _epoch(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _word(text: str) -> str:
    """A name that ends neither a field, a line nor a folder; a result may come from anywhere."""
    return re.sub(r"[^\w.+-]", "_", text, flags=re.ASCII)
