"""The recorder keeps what it is given, and its fold is HdrHistogram's."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
from lltool.bench.recording import histogram
from lltool.kernels.recorder import Recorder

LARGEST = 2**64 - 1
HDR_HIGHEST = 2**62
"""The package's own limit: it counts in signed 64-bit numbers."""

durations = st.one_of(st.integers(0, 5000), st.integers(0, LARGEST), st.integers(0, 63).map(lambda bit: 1 << bit))


def filled(ticks: list[int]) -> Recorder:
    recorder = Recorder(max(1, len(ticks)))
    for duration in ticks:
        recorder.record(duration)
    return recorder


def test_samples_come_back_in_order() -> None:
    assert list(filled([3, 1, LARGEST, 2]).ticks()) == [3, 1, LARGEST, 2]


def test_a_sample_that_finds_the_buffer_full_is_counted() -> None:
    recorder = Recorder(2)
    for duration in (5, 6, 7):
        recorder.record(duration)
    assert (list(recorder.ticks()), recorder.count, recorder.lost) == ([5, 6], 2, 1)
    with pytest.raises(ValueError, match="1 samples found the buffer of 2 full"):
        histogram(recorder)


def test_reset_forgets_samples_and_losses() -> None:
    recorder = Recorder(1)
    recorder.record(1)
    recorder.record(2)
    recorder.reset()
    assert (recorder.count, recorder.lost, recorder.fold()) == (0, 0, ([], [], 0, 0, 0))


@pytest.mark.parametrize("capacity", [0, -1, 2**60])
def test_a_capacity_that_cannot_be_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="is not between"):
        Recorder(capacity)


@given(st.lists(durations, min_size=1, max_size=200))
@example([LARGEST, LARGEST, 5])  # the total needs more than 64 bits
def test_fold_counts_every_sample_and_keeps_exact_extremes(ticks: list[int]) -> None:
    values, counts, minimum, maximum, total = filled(ticks).fold()
    assert sum(counts) == len(ticks)
    assert (minimum, maximum, total) == (min(ticks), max(ticks), sum(ticks))
    assert values == sorted(set(values))
    for duration in ticks:
        below = max(value for value in values if value <= duration)
        assert duration - below <= below / 1024


@given(st.lists(st.one_of(st.integers(1, 5000), st.integers(1, HDR_HIGHEST)), min_size=1, max_size=200))
def test_fold_is_what_hdrhistogram_counts(ticks: list[int]) -> None:
    hdr = pytest.importorskip("hdrh.histogram", reason="needs hdrhistogram")
    values, counts, _, _, _ = filled(ticks).fold()
    reference = hdr.HdrHistogram(1, HDR_HIGHEST, 3)
    for duration in ticks:
        assert reference.record_value(duration)
    refilled = hdr.HdrHistogram(1, HDR_HIGHEST, 3)
    for value, count in zip(values, counts, strict=True):
        assert refilled.record_value(value, count)
        assert reference.get_count_at_value(value) == count
        assert reference.get_lowest_equivalent_value(value) == value
    assert refilled.encode() == reference.encode()
