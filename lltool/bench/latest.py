"""What monitoring keeps of benchmarks and of noise: the last figures, added to those of earlier measurements."""

from __future__ import annotations

from typing import Any

from lltool.bench.brief import bench_brief, trial_brief
from lltool.bench.model import Result
from lltool.latest import keep_latest, keeps, read_latest
from lltool.root import Root

CAUSES = 5
"""How many causes of lost time are kept: the rest is in the document that `lltool noise --json` prints."""


def keep_bench(result: Result, root: Root) -> None:
    """Keep the figures of ``result``; benchmarks that it did not run keep those that they had."""
    if not keeps(root):
        return
    brief = bench_brief(result)
    origin = {name: brief[name] for name in ("created", "label", "version")}
    earlier = read_latest("bench", root)
    benchmarks = {} if earlier is None else earlier.document["benchmarks"]
    fresh = {name: {**found, **origin} for name, found in brief["benchmarks"].items()}
    keep_latest("bench", {"benchmarks": {**benchmarks, **fresh}}, root)


def keep_trial(result: Result, root: Root) -> None:
    """Keep what a trial found."""
    keep_latest("trial", trial_brief(result), root)


def keep_noise(found: dict[str, Any], root: Root) -> None:
    """Keep a document of `lltool noise --json`, shortened; gaps and time watched are added up core by core."""
    if not keeps(root):
        return
    earlier = read_latest("noise", root)
    totals: dict[str, dict[str, int]] = {} if earlier is None else dict(earlier.document["totals"])
    for one in found["untraced"]:
        before = totals.get(str(one["core"]), {"gaps": 0, "watched_ns": 0})
        totals[str(one["core"])] = {
            "gaps": before["gaps"] + one["gaps"] + one["unrecorded_gaps"],
            "watched_ns": before["watched_ns"] + one["watched_ns"],
        }
    kept = {
        "policy": found["policy"],
        "threshold_ns": found["threshold_ns"],
        "cores": found["untraced"],
        "causes": [
            {name: cause[name] for name in ("kind", "name", "share_of_lost", "worst_ns", "setting")}
            for cause in found["causes"][:CAUSES]
        ],
        "totals": totals,
    }
    keep_latest("noise", kept, root)
