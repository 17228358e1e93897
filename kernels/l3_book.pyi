from typing import Any, Final, Self, final

import numpy as np
from numpy.typing import NDArray

BID: Final[int]
ASK: Final[int]
ADD: Final[int]
REDUCE: Final[int]
CANCEL: Final[int]
REPLACE: Final[int]
EXECUTE: Final[int]
OPERATION: Final[np.dtype[Any]]

@final
class L3Book:
    def __new__(
        cls, orders: int = 1024, *, dense: tuple[int, int] | None = None, queues: bool = True, books: int = 1
    ) -> Self: ...
    def __len__(self) -> int: ...
    def __contains__(self, id: int, /) -> bool: ...  # noqa: A002
    def add(self, id: int, side: int, price: int, quantity: int, book: int = 0) -> None: ...  # noqa: A002
    def reduce(self, id: int, quantity: int) -> None: ...  # noqa: A002
    def execute(self, id: int, quantity: int) -> None: ...  # noqa: A002
    def cancel(self, id: int) -> None: ...  # noqa: A002
    def replace(self, id: int, new_id: int, price: int, quantity: int) -> None: ...  # noqa: A002
    def apply(self, operations: NDArray[np.void]) -> None: ...
    def order(self, id: int) -> tuple[int, int, int]: ...  # noqa: A002
    def book(self, id: int) -> int: ...  # noqa: A002
    def position(self, id: int) -> tuple[int, int]: ...  # noqa: A002
    def queue(self, side: int, price: int, book: int = 0) -> list[int]: ...
    def best(self, side: int, book: int = 0) -> tuple[int, int, int] | None: ...
    @property
    def best_bid(self) -> tuple[int, int, int] | None: ...
    @property
    def best_ask(self) -> tuple[int, int, int] | None: ...
    def levels(self, side: int, count: int | None = None, book: int = 0) -> list[tuple[int, int, int]]: ...
