"""What takes a core away from a thread that never sleeps."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement
from lltool.kernels.clock import calibrate
from lltool.kernels.loops.gaps import watch
from lltool.kernels.recorder import Recorder

THRESHOLD_NS = 300
"""About ten times what one turn of the loop takes, and below the shortest interrupt (reference: measurement 6.2)."""

CALIBRATION_SECONDS = 0.005


def gaps(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Every gap of at least 300 ns, and the time watched."""
    hz, _ = calibrate(CALIBRATION_SECONDS)
    threshold_ticks = round(THRESHOLD_NS * hz / 1e9)
    duration_ticks = round(effort.seconds * hz)
    # More gaps than this do not fit into the time: none is ever lost.
    recorder = Recorder(duration_ticks // threshold_ticks + 1)
    watch(recorder, min(duration_ticks, round(effort.warm_seconds * hz)), threshold_ticks)
    recorder.reset()
    watched_ticks = watch(recorder, duration_ticks, threshold_ticks)
    return Measurement(
        samples=histogram(recorder),
        duration_ticks=watched_ticks,
        notes={"threshold_ns": THRESHOLD_NS},
    )
