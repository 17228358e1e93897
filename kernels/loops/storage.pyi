from typing_extensions import Buffer

from lltool.kernels.memory import Mapping
from lltool.kernels.recorder import Recorder

def read_each(fd: int, buffer: Mapping, size: int, offsets: Buffer, recorder: Recorder) -> None: ...
