"""Noise documents in a report: by core and cause, beside the longest samples, and out of files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lltool.bench.model import Interference
from lltool.bench.results import read_results, write_result
from lltool.errors import InvalidInput
from lltool.experiment.noise import noise_of
from lltool.experiment.page import build_page
from lltool.experiment.sources import read_sources
from lltool.experiment.worst import worst_samples
from lltool.reports import render


def noise_document(**changes: Any) -> dict[str, Any]:
    core = {"core": 1, "watched_ns": 10**9, "lost_ns": 2 * 10**7, "lost_share": 0.02, "gaps": 5}
    cause = {
        "share_of_lost": 0.75,
        "gaps": 4,
        "worst_ns": 3_000_000,
        "setting": "boot.nohz_full",
        "fix": "boot with it",
    }
    return {
        "schema": "lltool.noise/1",
        "cores": [1],
        "seconds": 1.0,
        "threshold_ns": 300,
        "policy": "SCHED_OTHER",
        "tick_hz": 2.6e9,
        "untraced": [{**core, "unrecorded_gaps": 0, "p50_ns": 1000, "p99_ns": 90_000, "max_ns": 3_000_000}],
        "level": "tracefs",
        "level_reason": "",
        "explained_share": 0.9,
        "causes": [
            {"kind": "thread", "name": "kworker", "lost_ns": 1_500_000, **cause},
            {"kind": "timer", "name": "", "lost_ns": 10, **cause, "share_of_lost": 0.0004, "worst_ns": 10},
        ],
        "by_core": [
            {
                "core": 1,
                "watched_ns": 10**9,
                "causes": [
                    {"kind": "thread", "name": "kworker", "lost_ns": 300},
                    {"kind": "thread", "name": "cc1", "lost_ns": 300},
                    {"kind": "timer", "name": "", "lost_ns": 200},
                ],
            }
        ],
        "worst": [
            {
                "core": 1,
                "at_seconds": 0.5,
                "length_ns": 3_000_000,
                "causes": [{"kind": "thread", "name": "kworker", "ns": 2_900_000}],
            }
        ],
        "events_lost": 0,
        **changes,
    }


def test_the_lost_time_of_a_core_is_split_by_kind(synthetic: Any) -> None:
    result = replace(synthetic.trial(tcp_rtt=(26_000, 20_000)), noise={"before": noise_document()})
    (noise,) = noise_of([result])
    (core,) = noise.cores
    assert (noise.title, core.lost, core.lengths) == ("before", "2 %", ("1 us", "90 us", "3 ms"))
    assert dict(core.parts) == pytest.approx({"thread": 0.015, "timer": 0.005})
    assert [cause.name for cause in noise.causes] == ["thread kworker", "1 smaller causes"]
    assert noise.worst[0].causes == "thread kworker 2.9 ms"


def test_a_core_without_causes_is_lost_to_something_not_known(synthetic: Any) -> None:
    result = replace(synthetic.trial(tcp_rtt=(26_000, 20_000)), noise={"before": noise_document(by_core=[])})
    assert noise_of([result])[0].cores[0].parts == (("not known", 0.02),)


SEEN = Interference(2, 0, 1, 0, 0.004, {"LOC": 12, "virtio0": 3, "RES": 2, "CAL": 1}, 0.0)


def test_the_longest_samples_come_with_what_their_run_counted(synthetic: Any) -> None:
    ticks_of_4_ms = round(0.004 * synthetic.tick_hz)
    calm = synthetic.run("tcp.rtt", "before", [100, 200])
    late = replace(synthetic.run("tcp.rtt", "after", [100, ticks_of_4_ms]), interference=SEEN)
    other = replace(late, cores=(3,), arm="before")
    found = worst_samples([(calm, "before"), (late, "after"), (other, "before")], {"after": noise_document()})
    assert [(worst.run, worst.arm) for worst in found] == [(2, "after"), (3, "before"), (1, "before")]
    assert found[0].length == "4 ms"
    assert found[0].seen == (
        "switched off its core 2 times; waited for a page from storage 1 time; 4 ms stolen by the hypervisor; "
        "interrupts: LOC 12, virtio0 3, RES 2 and 1 more"
    )
    assert found[0].candidates == "thread kworker (2.9 ms)"
    assert found[1].candidates == "", "another core was watched"
    assert (found[2].seen, found[2].candidates) == ("not watched", "thread kworker (2.9 ms)")


def test_a_cause_far_shorter_than_the_sample_is_no_candidate(synthetic: Any) -> None:
    run = synthetic.run("tcp.rtt", "before", [round(0.1 * synthetic.tick_hz)])
    assert worst_samples([(run, "before")], {"before": noise_document()})[0].candidates == ""


def test_a_noise_document_goes_with_the_result_before_it_into_the_page_and_out(synthetic: Any, tmp_path: Path) -> None:
    write_result(synthetic.trial(tcp_rtt=(26_000, 20_000)), tmp_path / "trial.json")
    (tmp_path / "night.json").write_text(json.dumps(noise_document()))
    results, last = read_sources([tmp_path / "trial.json", tmp_path / "night.json"])
    assert last == tmp_path / "trial.json"
    assert list(results[0].noise) == ["night"]
    html = render(build_page(results, ["trial.json", "night.json"]))
    assert "thread kworker" in html
    (tmp_path / "page.html").write_text(html)
    assert read_results(tmp_path / "page.html") == results


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (noise_document(schema="lltool.noise/9"), "of a later lltool"),
        (noise_document(untraced=[{}]), "untraced[0].core: missing"),
        (noise_document(), "goes with the result before it"),
    ],
)
def test_a_noise_document_that_cannot_be_used_says_why(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    (tmp_path / "noise.json").write_text(json.dumps(document))
    with pytest.raises(InvalidInput) as caught:
        read_sources([tmp_path / "noise.json"])
    assert words in str(caught.value)
