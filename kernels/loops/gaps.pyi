from lltool.kernels.recorder import Recorder

def watch(
    recorder: Recorder, duration_ticks: int, threshold_ticks: int, starts: Recorder | None = None
) -> int: ...
