from typing import Self

class Strategy:
    def wishes(self, bid_price: int, ask_price: int, position: int = 0) -> tuple[int, int, int] | None: ...

class SpreadStrategy(Strategy):
    def __new__(cls, *, threshold: int, quantity: int, tick: int) -> Self: ...
