from typing import Final, Self, final

from lltool.kernels.loops.loop import Loop

KINDS: Final[dict[str, int]]

@final
class Allocation(Loop):
    def __new__(cls, kind: str) -> Self: ...
