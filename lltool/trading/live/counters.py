"""The counters of a run on their way to its supervisor, who writes them where the monitoring reads them.

The process that trades does not touch a file: once a second it puts the document into a page of memory that both have
mapped, behind a seqlock. Its supervisor reads the page and writes the file (``run_directory``).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lltool.errors import LltoolError
from lltool.kernels.seqlock import Seqlock
from lltool.root import Root
from lltool.trading.live.lifecycle import COUNTERS_NS
from lltool.trading.run_directory import SCHEMA, counters_path, process_of, write_counters

if TYPE_CHECKING:
    from lltool.kernels.desk import Desk
    from lltool.kernels.router import Account
    from lltool.trading.live.lifecycle import Run
    from lltool.trading.live.run import TradingRun

_BYTES_A_RUN, _BYTES_A_SYMBOL = 4096, 2048
"""More than the document has; one that does not fit is not published."""

_SIZE = 8
"""Bytes of the length in front of the text."""


class CountersPage:
    """One document in a file in memory that two processes have mapped; one writes."""

    def __init__(self, lock: Seqlock) -> None:
        self._lock = lock

    @staticmethod
    def create(fd: int, symbols: int) -> CountersPage:
        """Lay a page for a run of so many symbols out in the empty file behind ``fd``. OSError."""
        return CountersPage(Seqlock.create(fd, _BYTES_A_RUN + symbols * _BYTES_A_SYMBOL))

    @staticmethod
    def attach(fd: int) -> CountersPage:
        """Map the page that the other process laid out. BufferError where there is none, OSError."""
        return CountersPage(Seqlock.attach(fd))

    def publish(self, document: dict[str, Any]) -> bool:
        """Replace the document; False when it does not fit. Never waits for the reader."""
        text = json.dumps(document, separators=(",", ":")).encode()
        room = self._lock.payload_size - _SIZE
        if len(text) > room:
            return False
        self._lock.write(len(text).to_bytes(_SIZE, "little") + text.ljust(room, b"\0"))
        return True

    def latest(self) -> dict[str, Any] | None:
        """The last document; None before the first, and while the writer is within one."""
        payload = self._lock.try_read()
        size = int.from_bytes(payload[:_SIZE], "little") if payload is not None else 0
        if payload is None or size == 0:
            return None
        document: dict[str, Any] = json.loads(payload[_SIZE : _SIZE + size])
        return document


class CountersFile:
    """The supervisor's side: from the page ``page`` in the file behind ``fd`` to the counters of the run ``name``."""

    def __init__(self, name: str, fd: int, page: CountersPage) -> None:
        self.fd = fd
        self._name, self._page = name, page
        self._path = counters_path(Root(), name)
        self._process = process_of(Root(), os.getpid())
        self._latest: dict[str, Any] | None = None
        self._due_at = 0.0
        self._failed = False

    def write_when_due(self) -> None:
        """Write the file when a second has passed since the last time."""
        if time.monotonic() >= self._due_at:
            self._due_at = time.monotonic() + COUNTERS_NS / 1e9
            self.write()

    def write(self, *, ended: str | None = None) -> None:
        """Write the file. A failure is told once: who trades must go on."""
        self._latest = self._page.latest() or self._latest
        if self._latest is None:
            return
        document = {
            "schema": SCHEMA,
            "name": self._name,
            "process": None if self._process is None else asdict(self._process),
            "ended": ended,
            **self._latest,
        }
        try:
            write_counters(self._path, document)
        except LltoolError as error:
            if not self._failed:
                self._failed = True
                sys.stderr.write(f"lltool: {error}\n")

    def remove(self) -> None:
        """The run has ended as it was asked to, or has not begun."""
        with suppress(FileNotFoundError):
            os.unlink(self._path)


@contextmanager
def counters_file(name: str, symbols: int) -> Iterator[CountersFile]:
    """The counters of a run of so many symbols, those of an earlier one of that name removed. OSError."""
    fd = os.memfd_create(f"lltool-{name}-counters", os.MFD_CLOEXEC)
    try:
        file = CountersFile(name, fd, CountersPage.create(fd, symbols))
        file.remove()
        yield file
    finally:
        os.close(fd)


def counters_of(run: Run, now_ns: int) -> dict[str, Any]:
    """What a run counts, without what its supervisor knows (``schema``, ``name``, ``process``, ``ended``)."""
    return {
        "taken_at": time.time(),
        "seconds": round(time.monotonic() - run.started_at, 3),
        "kill_switch": run.killed_by,
        "circuit": run.breaker.state,
        "circuit_openings": run.breaker_openings,
        "stages": run.latencies.in_seconds(),
        **run.counters(now_ns),
    }


def streams_counters(run: TradingRun, now_ns: int) -> dict[str, Any]:
    """What a run on an exchange's streams knows."""
    return {
        "messages": {
            "taken": run.floor.messages,
            "refused": run.floor.refused,
            "foreign": run.floor.foreign,
        },
        "queue_dropped": {
            "log": run.log.dropped,
            "kept-events": sum(desk.sync.counts["overflows"] for desk in run.floor.desks),
        },
        "unsent_orders": run.gateway.unsent,
        "symbols": {desk.symbol: _symbol(desk, now_ns) for desk in run.floor.desks},
    }


def _symbol(desk: Desk, now_ns: int) -> dict[str, Any]:
    book, orders, account = desk.sync.counts, desk.router.counters(), desk.router.account
    held = desk.counters()["held_by_breaker"]
    return {
        "state": desk.sync.state.name.lower(),
        "gaps": book["gaps"],
        "resyncs": book["resyncs"],
        "crossed": book["crossed"],
        "stale_seconds": desk.silent_ns(now_ns) / 1e9 if book["applied"] else None,
        **counters_of_orders(orders, desk.router.denials(), held, account),
    }


def counters_of_orders(orders: dict[str, int], denials: dict[str, int], held: int, account: Account) -> dict[str, Any]:
    """The orders of one symbol: what its router counts and has denied, ``held`` by the breaker, and its account."""
    denied = {reason.lower(): count for reason, count in denials.items()}
    return {
        "orders": orders["orders"],
        "live_orders": orders["live"],
        "unknown_orders": orders["unknown"],
        "denied": denied | ({"breaker": held} if held else {}),
        "fills": account.fills,
        "position": account.position / 1e8,
        "fees": account.fees / 1e16,
    }
