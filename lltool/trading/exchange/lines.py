"""What the exchange plays: the lines of a recording at their times, or a random market."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lltool.errors import InvalidInput
from lltool.trading.recording import read_recording

if TYPE_CHECKING:
    from lltool.trading.configuration import Configuration

_GZIP_MAGIC = b"\x1f\x8b"
_NO_STAMP_NS = 1_000_000
"""Between lines of a recording without times."""


def recorded_lines(path: str) -> Iterator[tuple[int, bytes]]:
    """``(local nanoseconds, message)`` of each line. Raises InvalidInput, before the first, with every fault."""
    read_recording(path)  # every line is one that the exchange can say, or the recording is refused as a whole
    with open(path, "rb") as file:
        text = file.read()
    if text.startswith(_GZIP_MAGIC):
        text = gzip.decompress(text)
    stamped = text.lstrip()[:1] != b"{"
    return _split(text, stamped=stamped)


def _split(text: bytes, *, stamped: bool) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(text.splitlines()):
        if stamped:
            stamp, _, message = line.partition(b" ")
            yield int(stamp), message
        elif line.strip():
            yield number * _NO_STAMP_NS, line


def random_lines(configuration: Configuration, *, seed: int, price: int, rate_hz: float) -> Iterator[tuple[int, bytes]]:
    """A random market of one symbol, without end. Raises InvalidInput for several symbols: a snapshot names none."""
    from lltool.trading.exchange.simulation import simulated_market

    symbols = configuration.market.symbols
    if len(symbols) != 1:
        raise InvalidInput("a random market has one symbol", [f"market.symbols: {', '.join(symbols)}"])
    market = configuration.market
    return simulated_market(symbols[0], seed=seed, tick=market.tick, lot=market.lot, price=price, rate_hz=rate_hz)
