"""The exchange's own book: seeded by a snapshot and the events around it, right on recordings of the real market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.paper", reason="needs the compiled kernels")
from lltool.errors import LltoolError
from lltool.kernels.binance_json import TICKER, Parser
from lltool.trading.exchange.lines import recorded_lines
from lltool.trading.exchange.market import Market, paper_arguments

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "binance"


def snapshot(last: int) -> bytes:
    return b'{"lastUpdateId":%d,"bids":[["10","1"]],"asks":[["11","1"]]}' % last


def depth(first: int, last: int, bid: bytes) -> bytes:
    return b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":%d,"u":%d,"b":[["%b","2"]],"a":[]}' % (first, last, bid)


def market(*symbols: str) -> Market:
    return Market(symbols or ["BTCUSDT"], paper_arguments())


def test_events_before_the_snapshot_are_joined_to_it() -> None:
    served = market()
    for message in (depth(1, 5, b"1"), depth(6, 9, b"2"), snapshot(7), depth(10, 12, b"3")):
        served.take(message, 1)
    book = served.instruments["BTCUSDT"].book
    assert [price // 10**8 for price, _ in book.levels(0)] == [10, 3, 2]
    assert book.sequence == 12


def test_a_later_snapshot_corrects_the_book_and_an_old_one_does_not() -> None:
    served = market()
    for message in (snapshot(7), depth(8, 9, b"3"), snapshot(8)):
        served.take(message, 1)
    assert served.instruments["BTCUSDT"].book.level_count(0) == 2
    served.take(snapshot(9), 1)
    assert served.instruments["BTCUSDT"].book.level_count(0) == 1


def test_a_snapshot_of_no_known_symbol_is_refused_where_there_are_several() -> None:
    served = market("BTCUSDT", "ETHUSDT")
    with pytest.raises(LltoolError, match="names no symbol"):
        served.take(snapshot(7), 1)
    served.take(b'{"stream":"ethusdt@depth","data":%b}' % snapshot(7), 1)
    assert served.snapshot("ETHUSDT", 5) is not None
    assert served.snapshot("BTCUSDT", 5) is None


@pytest.mark.parametrize("name", ["spot-btcusdt-20240808.gz", "usdm-btcusdt-20240808.gz"])
def test_the_book_agrees_with_the_best_prices_of_the_recording(name: str) -> None:
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"needs {name} beside the checkout")
    served, parser = market(), Parser()
    instrument = served.instruments["BTCUSDT"]
    tickers: list[Any] = []
    compared = 0
    for _, message in recorded_lines(str(path)):
        event = parser.parse(message)
        if event.kind != TICKER:
            served.take(message, 1)
            continue
        passed = [ticker for ticker in tickers if ticker.last_update_id <= instrument.book.sequence]
        # Best prices beyond the book have come: the last ones not beyond it are the book's.
        if instrument.seeded and passed and event.last_update_id > instrument.book.sequence:
            best = passed[-1]
            assert (instrument.book.best_bid, instrument.book.best_ask) == (best.best_bid, best.best_ask)
            compared += 1
            tickers = tickers[len(passed) :]
        tickers.append(event)
        if compared == 1000:
            break
    assert compared == 1000
