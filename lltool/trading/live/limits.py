"""How often the exchange lets one ask: a budget within a sliding window, and a stop that the exchange orders."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class Budget:
    """At most ``amount`` within any ``window_seconds``. All who ask the same exchange share one."""

    def __init__(self, amount: int, window_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.amount = amount
        self.window_seconds = window_seconds
        self._clock = clock
        self._spent: deque[tuple[float, int]] = deque()
        self._stopped_until = 0.0

    def wait_seconds(self, cost: int = 1) -> float:
        """How long to wait before ``cost`` can be spent; 0 when it can be now."""
        now = self._clock()
        while self._spent and now - self._spent[0][0] >= self.window_seconds:
            self._spent.popleft()
        left = self.amount - sum(spent for _, spent in self._spent)
        wait = max(0.0, self._stopped_until - now)
        for at, spent in self._spent:
            if left >= cost:
                break
            left += spent
            wait = max(wait, at + self.window_seconds - now)
        return wait

    def spend(self, cost: int = 1) -> None:
        """Note that ``cost`` is spent now."""
        self._spent.append((self._clock(), cost))

    def told(self, used: int) -> None:
        """The exchange says that ``used`` is spent: what is more than was noted here, others spent (one address)."""
        self.wait_seconds()  # forgets what is older than the window
        others = used - sum(spent for _, spent in self._spent)
        if others > 0:
            self.spend(others)

    def stop(self, seconds: float) -> None:
        """The exchange said to come back in so many seconds (Retry-After)."""
        self._stopped_until = max(self._stopped_until, self._clock() + seconds)
