"""From the recorder of the kernels to the histogram of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lltool.bench.model import Histogram

if TYPE_CHECKING:
    from lltool.kernels.recorder import Recorder


def histogram(recorder: Recorder) -> Histogram:
    """Fold what ``recorder`` holds; raises ``ValueError`` when samples were lost for lack of room.

    A benchmark knows how many samples it takes: a full buffer is a defect of the benchmark, not of the host.
    """
    if recorder.lost:
        raise ValueError(f"{recorder.lost} samples found the buffer of {recorder.capacity} full")
    values, counts, minimum, maximum, total = recorder.fold()
    return Histogram(tuple(values), tuple(counts), minimum, maximum, total)
