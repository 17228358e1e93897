"""The exchange's own view of its market: a book for each symbol, and a paper exchange on it that own orders meet."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lltool.errors import LltoolError

if TYPE_CHECKING:
    from lltool.kernels.binance_json import Event
    from lltool.kernels.l2_book import L2Book
    from lltool.kernels.paper import PaperExchange

SCALE = 100_000_000


def monotonic_ns() -> int:
    """CLOCK_MONOTONIC, which all processes of a host share."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


@dataclass(slots=True)
class Instrument:
    """One symbol: ``symbol_id`` is its place in the list of symbols, from 1, as packed messages name it."""

    symbol: str
    symbol_id: int
    book: L2Book
    paper: PaperExchange
    seeded: bool = False
    early: list[Event] = field(default_factory=list)
    """Depth events before the first snapshot, which some of them join."""

    def apply(self, event: Event) -> None:
        """Take a depth event into the book, once there is one."""
        if not self.seeded:
            self.early.append(event)
        elif event.last_update_id > self.book.sequence:
            self.book.apply(event)

    def seed(self, snapshot: Event) -> None:
        """A snapshot starts the book, or corrects it: a recording may hold several."""
        if self.seeded and snapshot.last_update_id < self.book.sequence:
            return
        self.book.apply(snapshot)
        self.seeded = True
        for event in self.early:
            self.apply(event)
        self.early.clear()


@dataclass(frozen=True, slots=True)
class Published:
    """A message of the market: to whom it goes (``btcusdt@depth``), its bytes, and what it says."""

    stream: str
    message: bytes
    event: Event
    instrument: Instrument


class Market:
    """Takes the market's messages in their order; keeps the books; says what is to be published.

    ``paper`` are the keyword arguments of each symbol's :class:`~lltool.kernels.paper.PaperExchange`. A snapshot names
    no symbol: it is that of the only one, or of the symbol whose stream it came in.
    """

    def __init__(self, symbols: Sequence[str], paper: dict[str, int]) -> None:
        from lltool.kernels.binance_json import Parser
        from lltool.kernels.l2_book import L2Book
        from lltool.kernels.paper import PaperExchange

        self._parser = Parser()
        self.instruments: dict[str, Instrument] = {}
        for number, symbol in enumerate(symbols, start=1):
            book = L2Book(4096)
            self.instruments[symbol] = Instrument(symbol, number, book, PaperExchange(book, **paper))

    def take(self, message: bytes, now_ns: int) -> Published | None:
        """Apply one message; None when it is not published (a snapshot) or of no known symbol.

        Raises ValueError for what is no message of the exchange, LltoolError for a snapshot of an unknown symbol.
        """
        from lltool.kernels.binance_json import DEPTH, SNAPSHOT, TICKER, TRADE

        event = self._parser.parse(message)
        if event.kind == SNAPSHOT:
            self._seed(message, event)
            return None
        instrument = self.instruments.get(event.symbol)
        if instrument is None:
            return None
        instrument.paper.advance(now_ns)
        if event.kind == DEPTH:
            instrument.apply(event)
            instrument.paper.on_book(now_ns)
        elif event.kind == TRADE:
            instrument.paper.on_trade(event.price, event.quantity, event.buyer_is_maker, now_ns)
        kind = {DEPTH: "depth", TRADE: "trade", TICKER: "bookTicker"}[event.kind]
        return Published(f"{event.symbol.lower()}@{kind}", payload_of(message), event, instrument)

    def _seed(self, message: bytes, event: Event) -> None:
        symbol = (
            _stream_symbol(message)
            or event.symbol
            or (next(iter(self.instruments)) if len(self.instruments) == 1 else None)
        )
        if symbol not in self.instruments:
            raise LltoolError(
                "a snapshot of the recording names no symbol, and several are served",
                next_step="serve one symbol, or put each snapshot into its stream's wrapper",
            )
        self.instruments[symbol].seed(event)

    def snapshot(self, symbol: str, limit: int, path: str = "/api/v3/depth") -> bytes | None:
        """The REST answer to a depth request at ``path``, in its market's form; None while the book is not seeded."""
        from lltool.kernels.l2_book import ASK, BID

        book = self.instruments[symbol].book
        if not self.instruments[symbol].seeded:
            return None
        sides = {name: [_texts(level) for level in book.levels(side, limit)] for name, side in (("b", BID), ("a", ASK))}
        now_ms = time.time_ns() // 1_000_000
        named = {"symbol": symbol, "pair": symbol.partition("_")[0]} if path.startswith("/dapi/") else {}
        times = {} if path.startswith("/api/") else {"E": now_ms, "T": now_ms}
        document = {"lastUpdateId": book.sequence, **named, **times, "bids": sides["b"], "asks": sides["a"]}
        return json.dumps(document, separators=(",", ":")).encode()


def payload_of(message: bytes) -> bytes:
    """The message without the wrapper of combined streams."""
    if not message.startswith(b'{"stream":'):
        return message
    return message[message.index(b'"data":') + len(b'"data":') : message.rindex(b"}")]


def _stream_symbol(message: bytes) -> str | None:
    if not message.startswith(b'{"stream":"'):
        return None
    return message[len(b'{"stream":"') :].partition(b"@")[0].decode().upper()


def _texts(level: tuple[int, int]) -> tuple[str, str]:
    price, quantity = level
    return f"{Decimal(price) / SCALE:.8f}", f"{Decimal(quantity) / SCALE:.8f}"


def paper_arguments(**changes: Any) -> dict[str, int]:
    """Filters and model of a paper exchange that refuses nothing and takes nothing, with ``changes``."""
    unlimited = 2**62
    arguments = {
        "min_price": 1, "max_price": unlimited, "tick": 1, "min_quantity": 1, "max_quantity": unlimited, "lot": 1,
        "min_notional": 0, "price_up": 0, "price_down": 0, "max_orders": 200, "max_position": unlimited,
        "maker_rate": 0, "taker_rate": 0, "entry_ns": 0, "response_ns": 0, "jitter_ns": 0, "seed": 0,
    }  # fmt: skip
    return {**arguments, **changes}
