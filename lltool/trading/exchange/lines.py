"""What the exchange plays: the lines of a recording at their times, or a random market."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lltool.trading.recording import is_stamped, read_recording, read_text
from lltool.trading.sbe import from_base64, to_json

if TYPE_CHECKING:
    from lltool.trading.configuration import Configuration

_NO_STAMP_NS = 1_000_000
"""Between lines of a recording without times."""


def recorded_lines(path: str) -> Iterator[tuple[int, bytes]]:
    """``(local nanoseconds, message)`` of each line, binary ones in JSON.

    Raises InvalidInput, before the first, with every fault.
    """
    read_recording(path)  # every line is one that the exchange can say, or the recording is refused as a whole
    text = read_text(path)
    return _split(text, stamped=is_stamped(text))


def _split(text: bytes, *, stamped: bool) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(filter(bytes.strip, text.splitlines())):
        stamp, _, message = line.partition(b" ") if stamped else (b"", b"", line)
        at_ns = int(stamp) if stamped else number * _NO_STAMP_NS
        for each in (message,) if message.lstrip()[:1] == b"{" else to_json(from_base64(message)):
            yield at_ns, each


def random_lines(configuration: Configuration, *, seed: int, price: int, rate_hz: float) -> Iterator[tuple[int, bytes]]:
    """A random market of each symbol, without end, in the venue's form; ``rate_hz`` depth events a second of each.

    With several symbols each message is in its stream's wrapper: a snapshot of spot names no symbol.
    """
    from lltool.trading.exchange.simulation import simulated_market

    market = configuration.market
    markets = [
        simulated_market(
            symbol, seed=seed + number, tick=market.tick, lot=market.lot, price=price, rate_hz=rate_hz,
            venue=market.venue,
        )
        for number, symbol in enumerate(market.symbols)
    ]  # fmt: skip
    if len(markets) == 1:
        return markets[0]
    wrapped = [_wrapped(symbol, lines) for symbol, lines in zip(market.symbols, markets, strict=True)]
    return heapq.merge(*wrapped, key=lambda line: line[0])


def _wrapped(symbol: str, lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    for at_ns, message in lines:
        yield at_ns, b'{"stream":"%b@depth","data":%b}' % (symbol.lower().encode(), message)
