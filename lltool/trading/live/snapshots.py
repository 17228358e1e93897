"""Depth snapshots by REST: one budget for all symbols, never more than one at a time.

Retry-After is honoured, and the exchange's own count of what was used: it counts others at the same address, too.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
from urllib.parse import urlencode, urlsplit

from lltool.trading.live.backoff import Backoff
from lltool.trading.live.limits import Budget
from lltool.trading.venues import Venue

ATTEMPTS_BEFORE_INVALID = 5
TIMEOUT_SECONDS = 10.0
NO_RETRY_AFTER_SECONDS = 60.0
"""A refusal without the header: the window of the budget is a minute."""

_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_REFUSED = {http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.IM_A_TEAPOT}
"""429: too many; 418: banned for not having stopped."""


class SnapshotFailed(Exception):
    """A snapshot could not be had; says why."""


class Snapshots:
    """Fetches snapshots of ``limit`` levels of ``venue`` from ``base_url``."""

    def __init__(self, base_url: str, venue: Venue, limit: int, budget: Budget | None = None) -> None:
        self.base_url, self.path, self.limit = base_url, venue.depth_path, limit
        self.budget = budget or Budget(venue.weight_a_minute, 60.0)
        self.fetched = 0
        self.refused = 0
        self.failed = 0
        self._one = asyncio.Lock()
        self._weight = venue.weight_of(limit)

    async def fetch(self, symbol: str, backoff: Backoff) -> bytes:
        """The snapshot of ``symbol``, after waiting for ``backoff`` and for the budget.

        Raises SnapshotFailed; the caller decides whether to try again.
        """
        await asyncio.sleep(backoff.next_delay())
        async with self._one:
            # Nobody else spends: what the budget says now is true after the wait, unless the exchange said stop.
            await asyncio.sleep(self.budget.wait_seconds(self._weight))
            self.budget.spend(self._weight)
            try:
                status, headers, body = await asyncio.to_thread(self._get, symbol)
            except (OSError, http.client.HTTPException) as error:
                self.failed += 1
                raise SnapshotFailed(f"{self.base_url}: {error}") from error
            used = headers.get(_USED_WEIGHT, "")
            self.budget.told(int(used) if used.isdigit() else 0)
        if status in _REFUSED:
            self.refused += 1
            retry_after = headers.get("Retry-After", "")
            seconds = float(retry_after) if retry_after.isdigit() else NO_RETRY_AFTER_SECONDS
            self.budget.stop(seconds)
            raise SnapshotFailed(f"{self.base_url}: {status}, to come back in {seconds:g} s")
        if status != http.HTTPStatus.OK:
            self.failed += 1
            raise SnapshotFailed(f"{self.base_url}: {status} {body[:200].decode(errors='replace')}")
        self.fetched += 1
        return body

    def _get(self, symbol: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        url = urlsplit(self.base_url)
        host = url.hostname or ""
        connection = (
            http.client.HTTPSConnection(host, url.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
            if url.scheme == "https"
            else http.client.HTTPConnection(host, url.port, timeout=TIMEOUT_SECONDS)
        )
        try:
            query = urlencode({"symbol": symbol, "limit": self.limit})
            connection.request("GET", f"{url.path.rstrip('/')}{self.path}?{query}")
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()
