from typing import Final, Self, final

from lltool.kernels.recorder import Recorder

KINDS: Final[dict[str, int]]
LIMITS: Final[dict[str, int]]

@final
class Guard:
    def __new__(cls, kind: str) -> Self: ...
    def block(self, count: int) -> int: ...
    def each(self, recorder: Recorder, count: int) -> None: ...
