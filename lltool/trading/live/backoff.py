"""When to try again: at once, then ever later with full jitter, and never all clients at the same moment."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Delays before attempts, in seconds: none before the first, then uniform in 0 .. ``initial`` x 2^n up to ``cap``.

    The jitter is full and stays so at the cap. The count starts over only when :meth:`live_for` says that the last
    connection was worth something: a server that accepts and drops never gets hammered.
    """

    initial: float = 0.25
    cap: float = 30.0
    settled_seconds: float = 10.0
    attempts: int = 0
    random: random.Random = field(default_factory=random.SystemRandom)

    def next_delay(self) -> float:
        """The delay before the next attempt, which this counts."""
        attempt, self.attempts = self.attempts, self.attempts + 1
        if attempt == 0:
            return 0.0
        # Beyond the cap the power is of no interest, and would overflow in the end.
        return self.random.uniform(0.0, min(self.cap, self.initial * 2.0 ** min(attempt - 1, 32)))

    def live_for(self, seconds: float) -> None:
        """The book was live for that long."""
        if seconds >= self.settled_seconds:
            self.attempts = 0
