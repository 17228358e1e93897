from typing import Any, Final, Self, final

import numpy as np

LEVEL: Final[np.dtype[Any]]
PADDED_LEVEL: Final[np.dtype[Any]]
QUOTE: Final[np.dtype[Any]]

@final
class CoreCounters:
    def __new__(cls, cores: int) -> Self: ...
    def add(self, core: int, messages: int = 0, errors: int = 0, last_ns: int | None = None) -> None: ...
    def read(self, core: int) -> tuple[int, int, int]: ...
    def __len__(self) -> int: ...
