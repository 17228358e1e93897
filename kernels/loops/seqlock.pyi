from typing import Final

from lltool.kernels.recorder import Recorder
from lltool.kernels.seqlock import Seqlock

PAYLOAD_SIZE: Final[int]

def block(lock: Seqlock, reads: int) -> tuple[int, int]: ...
def each(lock: Seqlock, recorder: Recorder, reads: int) -> int: ...
