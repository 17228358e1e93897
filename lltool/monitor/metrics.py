"""The state of a host as metrics. Names and types as promtool wants them: base units, quantiles only in summaries.

Labels are bounded: settings of a profile, benchmarks, cores, verdicts. What changes freely (values, reasons, causes)
is in the document, not in labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lltool.bench.quantiles import percentile_of
from lltool.monitor.exposition import Family
from lltool.monitor.pipeline import pipeline_metrics
from lltool.tuning.model import Verdict

_DRIFTED = frozenset({Verdict.DRIFT.value, Verdict.PARTIAL.value})
_NS = 1e-9


def metrics(state: Mapping[str, Any]) -> Iterator[Family]:
    """The families of a document ``lltool.host-state/1``; what is not known has no sample."""
    yield _info("lltool_build_info", "The lltool that wrote this.", {"version": state["version"]})
    yield _one("lltool_last_run_timestamp_seconds", "When this was written.", state["created"])
    yield _one("lltool_reboot_required", "Whether settings wait for a reboot.", state["reboot_required"])
    yield _one("lltool_rollback_available", "Whether lltool's settings are in force.", state["rollback_available"])
    yield _one("lltool_transaction_unfinished", "Whether a transaction was interrupted.", state["unfinished"])
    if state["verify"] is not None:
        yield from _verify(state["verify"])
    if state["bench"] is not None:
        yield from _bench(state["bench"])
    if state["noise"] is not None:
        yield from _noise(state["noise"])
    if state["reapply"] is not None:
        yield from _reapply(state["reapply"])
    yield from pipeline_metrics(state["runs"] or (), state["created"])


def _verify(verify: Mapping[str, Any]) -> Iterator[Family]:
    profile = {"profile": verify["profile"]}
    yield _one("lltool_last_verify_timestamp_seconds", "When the host was last verified.", verify["created"], profile)
    yield _info(
        "lltool_profile_info", "The profile last verified.", {"name": verify["profile"], "hash": verify["profile_hash"]}
    )
    compliant = Family("lltool_setting_compliant", "gauge", "Whether a setting matches the profile.")
    counts = Family("lltool_settings", "gauge", "How many settings of the profile have a verdict.")
    for verdict in Verdict:
        settings = verify["verdicts"].get(verdict.value, ())
        counts.add(len(settings), {**profile, "verdict": verdict.value})
        if verdict is not Verdict.NOT_APPLICABLE:
            value = 0 if verdict.value in _DRIFTED or verdict is Verdict.PENDING_REBOOT else 1
            for setting in settings:
                compliant.add(value, {**profile, "setting": setting})
    yield compliant
    yield counts
    drifted = sum(len(verify["verdicts"].get(verdict, ())) for verdict in _DRIFTED)
    yield _one("lltool_settings_drifted", "How many settings drifted from the profile.", drifted, profile)


def _bench(bench: Mapping[str, Any]) -> Iterator[Family]:
    yield _one("lltool_last_bench_timestamp_seconds", "When a benchmark last ran.", bench["created"])
    latency = Family("lltool_bench_latency_seconds", "summary", "Latency of single operations of a benchmark.")
    centre = Family("lltool_bench_operation_seconds", "gauge", "Cost of one operation in a block of them.")
    lost = Family("lltool_bench_lost_ratio", "gauge", "Share of time that was lost to gaps.")
    for name, brief in bench["benchmarks"].items():
        labels = {"bench": name, "cpu": "-".join(map(str, brief["cores"]))}
        for metric, value in brief["figures"].items():
            if (q := percentile_of(metric)) is not None:
                latency.add(value * _NS, {**labels, "quantile": f"{float(q):g}"})
            elif metric == "centre":
                centre.add(value * _NS, labels)
            elif metric == "lost":
                lost.add(value * 1e-6, labels)
        if brief["count"]:
            latency.add(brief["sum_ns"] * _NS, labels, suffix="_sum")
            latency.add(brief["count"], labels, suffix="_count")
    yield from (latency, centre, lost)


def _noise(noise: Mapping[str, Any]) -> Iterator[Family]:
    yield _one("lltool_last_noise_timestamp_seconds", "When the cores were last watched.", noise["created"])
    jitter = Family("lltool_jitter_seconds", "summary", "Gaps in a thread that never sleeps, when last watched.")
    lost = Family("lltool_jitter_lost_ratio", "gauge", "Share of time lost to gaps, when last watched.")
    for one in noise["cores"]:
        labels = {"cpu": str(one["core"])}
        for q, name in (("0.5", "p50_ns"), ("0.99", "p99_ns"), ("1", "max_ns")):
            if one[name] is not None:
                jitter.add(one[name] * _NS, {**labels, "quantile": q})
        jitter.add(one["lost_ns"] * _NS, labels, suffix="_sum")
        jitter.add(one["gaps"] + one["unrecorded_gaps"], labels, suffix="_count")
        lost.add(one["lost_share"], labels)
    spikes = Family("lltool_jitter_spikes_total", "counter", "Gaps of at least the threshold, over all watching.")
    watched = Family("lltool_jitter_watched_seconds_total", "counter", "Time for which the core was watched.")
    for core, total in noise["totals"].items():
        spikes.add(total["gaps"], {"cpu": core, "threshold": f"{noise['threshold_ns'] * _NS:g}"})
        watched.add(total["watched_ns"] * _NS, {"cpu": core})
    yield from (jitter, lost, spikes, watched)


def _reapply(reapply: Mapping[str, Any]) -> Iterator[Family]:
    total = Family(
        "lltool_settings_reapplied_total", "counter", "Settings that an event undid and that were set again."
    )
    total.add(reapply["total"])
    yield total
    left = sum(not each["reapply"] for each in reapply["settings"])
    yield _one("lltool_settings_left_drifted", "Settings of lltool that drifted and were left alone.", left)


def _one(name: str, text: str, value: float | bool | None, labels: Mapping[str, str] | None = None) -> Family:
    family = Family(name, "gauge", text)
    if value is not None:
        family.add(int(value) if isinstance(value, bool) else value, labels)
    return family


def _info(name: str, text: str, labels: Mapping[str, str]) -> Family:
    family = Family(name, "gauge", text)
    family.add(1, labels)
    return family
