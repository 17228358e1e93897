from collections.abc import Sequence
from typing import Final, Self, final

from lltool.kernels.recorder import Recorder

JSON: Final[int]
SBE: Final[int]
FIX: Final[int]

@final
class Messages:
    def __new__(cls, messages: Sequence[bytes], format: int, path: str | None = None) -> Self: ...  # noqa: A002
    def __len__(self) -> int: ...
    @property
    def path(self) -> str: ...
    def block(self, count: int) -> tuple[int, int]: ...
    def each(self, recorder: Recorder, count: int) -> int: ...
