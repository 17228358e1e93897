from collections.abc import Sequence
from typing import Final, Self, final

from lltool.kernels.loops.loop import Cycle

JSON: Final[int]
SBE: Final[int]
FIX: Final[int]

@final
class Messages(Cycle):
    def __new__(cls, messages: Sequence[bytes], format: int, path: str | None = None) -> Self: ...  # noqa: A002
    @property
    def path(self) -> str: ...
