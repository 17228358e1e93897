from typing import Final, Self, final

from lltool.kernels.recorder import Recorder

KINDS: Final[dict[str, int]]

@final
class Pass:
    def __new__(cls, kind: str) -> Self: ...
    def block(self, passes: int) -> int: ...
    def each(self, recorder: Recorder, passes: int) -> None: ...
