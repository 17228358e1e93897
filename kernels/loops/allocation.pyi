from typing import Final, Self, final

from lltool.kernels.recorder import Recorder

KINDS: Final[dict[str, int]]

@final
class Allocation:
    def __new__(cls, kind: str) -> Self: ...
    def block(self, pairs: int) -> int: ...
    def each(self, recorder: Recorder, pairs: int) -> None: ...
