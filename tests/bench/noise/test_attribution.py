"""Each gap is split among its causes without remainder, and what no event explains is said to be unexplained."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
from lltool.bench.noise.attribution import explain, explained_share, shares
from lltool.bench.noise.counters import OTHER_THREADS, Counters, counted
from lltool.bench.noise.document import by_counters, by_shape, pass_document
from lltool.bench.noise.fixes import fix_for, settings_named
from lltool.bench.noise.model import UNEXPLAINED, Cause, Event, Gap, Kind, Segment
from lltool.bench.noise.shape import shapes
from lltool.bench.noise.tracefs import Trace
from lltool.bench.noise.watch import Watched
from lltool.bench.noise.worker import join
from lltool.tuning.catalogue import load_catalogue

TIMER = Cause(Kind.TIMER, "local timer")
OTHER = Cause(Kind.THREAD, "other")
EDGE = 10


def split(gap: tuple[int, int], *segments: Segment) -> dict[Cause, int]:
    (one,) = explain([Gap(0, *gap)], segments, EDGE)
    return one.ticks


def test_a_gap_without_events_is_unexplained() -> None:
    assert split((100, 200)) == {UNEXPLAINED: 100}
    assert split((100, 200), Segment(0, 90, OTHER), Segment(210, 300, OTHER)) == {UNEXPLAINED: 100}


def test_edges_belong_to_the_event_and_no_more_than_edges() -> None:
    assert split((100, 200), Segment(105, 195, TIMER)) == {TIMER: 100}
    assert split((100, 1000), Segment(500, 600, TIMER)) == {TIMER: 120, UNEXPLAINED: 780}


def test_a_short_piece_between_two_events_is_halved() -> None:
    assert split((100, 200), Segment(100, 140, TIMER), Segment(150, 200, OTHER)) == {TIMER: 45, OTHER: 55}


def test_segments_are_cut_at_the_ends_of_the_gap() -> None:
    assert split((100, 200), Segment(0, 150, OTHER), Segment(150, 900, TIMER)) == {OTHER: 50, TIMER: 50}


lengths = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=20)


@given(lengths, lengths)
def test_causes_add_up_to_the_gap(pieces: list[tuple[int, int]], holes: list[tuple[int, int]]) -> None:
    position, segments = 0, []
    for number, (free, length) in enumerate(pieces):
        segments.append(Segment(position + free, position + free + length, (TIMER, OTHER)[number % 2]))
        position += free + length
    position, gaps = 0, []
    for free, length in holes:
        gaps.append(Gap(0, position + free, position + free + length))
        position += free + length
    for one in explain(gaps, segments, EDGE):
        assert sum(one.ticks.values()) == one.gap.end - one.gap.start
        assert min(one.ticks.values()) > 0
        inside = sum(max(0, min(segment.end, one.gap.end) - max(segment.start, one.gap.start)) for segment in segments)
        assert sum(ticks for cause, ticks in one.ticks.items() if cause != UNEXPLAINED) >= inside


def test_shares_are_summed_and_ordered() -> None:
    found = shares(explain([Gap(0, 0, 100), Gap(0, 200, 230)], [Segment(0, 100, OTHER)], EDGE))
    assert [(share.cause, share.ticks, share.gaps, share.worst_ticks) for share in found] == [
        (OTHER, 100, 1, 100),
        (UNEXPLAINED, 30, 1, 30),
    ]
    assert explained_share(found) == 100 / 130
    assert explained_share([]) is None


def watched(*gaps: tuple[int, int], run_delay_ns: int | None = None) -> Watched:
    return Watched(1, 5, 0, 1_000_000_000, tuple(Gap(1, *gap) for gap in gaps), 0, run_delay_ns)


def test_counters_explain_what_they_measure_as_time() -> None:
    one = watched((0, 1000), (5000, 6000), run_delay_ns=1500)
    found = by_counters([one], {1: {TIMER: 3}}, {1: 200, 0: 9999}, 1e9, "no root")
    assert found["explained_share"] == 0.75
    assert [cause["lost_ns"] for cause in found["causes"]] == [1500, 200, 300]
    assert found["causes"][0]["name"] == OTHER_THREADS.name
    assert found["counts"][0]["count"] == 3
    assert found["counts"][0]["setting"] == "boot.nohz_full"
    assert found["level_reason"] == "no root"


def test_counters_never_explain_more_than_was_lost() -> None:
    found = by_counters([watched((0, 100), run_delay_ns=10**9)], {1: {}}, {1: 10**9}, 1e9, "")
    assert [(cause["name"], cause["lost_ns"]) for cause in found["causes"]] == [(OTHER_THREADS.name, 100)]


def test_only_what_moved_is_counted() -> None:
    before = Counters({(1, TIMER): 5, (1, OTHER): 7, (0, TIMER): 1}, {})
    after = Counters({(1, TIMER): 9, (1, OTHER): 7, (0, TIMER): 100}, {})
    assert counted(before, after, 1) == {TIMER: 4}


def test_a_rhythm_is_seen_and_the_rest_goes_by_length() -> None:
    tick = [(start, start + 3000) for start in range(0, 80_000_000, 4_000_000)]
    long = [(90_000_000 + 1, 95_000_000)]
    found = shapes([Gap(1, *gap) for gap in tick + long], 1e9)
    assert "250 Hz" in found[0].reason
    assert (found[0].gaps, found[0].ticks) == (20, 60_000)
    assert [(one.gaps, "another thread" in one.reason) for one in found[1:]] == [(1, True)]


def test_gaps_at_random_have_no_rhythm() -> None:
    source = random.Random(3)  # noqa: S311 - test data
    starts = sorted(source.sample(range(10**9), 400))
    found = shapes([Gap(1, start, start + 500) for start in starts], 1e9)
    assert [one.gaps for one in found] == [400]
    assert shapes([], 1e9) == []


def test_shapes_explain_nothing() -> None:
    found = by_shape([watched((0, 500))], 1e9, "no /proc")
    assert found["explained_share"] == 0
    assert found["shapes"][0]["lost_ns"] == 500
    assert found["worst"][0]["length_ns"] == 500


def test_a_core_that_lost_nothing_has_no_lengths() -> None:
    (one,) = pass_document([watched()], 1e9)
    assert (one["lost_share"], one["gaps"], one["p50_ns"], one["max_ns"]) == (0, 0, None, None)


def test_every_setting_that_a_fix_names_is_in_the_catalogue() -> None:
    catalogue = load_catalogue()
    assert settings_named()
    assert [setting for setting in settings_named() if catalogue.find(setting) is None] == []


def test_every_kind_of_cause_has_a_fix_in_words() -> None:
    for kind in Kind:
        assert fix_for(Cause(kind, "anything")).text
    assert fix_for(UNEXPLAINED).setting is None
    assert fix_for(Cause(Kind.THREAD, "kworker (unbound)")).setting == "isolation.workqueue_cpumask"
    assert fix_for(Cause(Kind.THREAD, "mysqld")).setting == "boot.isolcpus"
    assert fix_for(Cause(Kind.THREAD, "mysqld"), fifo=True).setting == "isolation.fair_server"
    assert fix_for(Cause(Kind.SOFTIRQ, "NET_RX")).setting == "irq.affinity"


def test_time_before_the_oldest_event_left_is_unexplained() -> None:
    text = "prev_comm=a prev_pid=9 prev_prio=120 prev_state=R ==> next_comm=b next_pid=5 next_prio=1"
    back = Event(1, 800, "sched_switch", "a", 9, text)
    one = watched((0, 800))
    for lost, expected in ((0, Cause(Kind.THREAD, "a")), (7, UNEXPLAINED)):
        (found,) = join([one], Trace([back], [], lost, ()), 1e6)
        assert found.ticks == {expected: 800}
