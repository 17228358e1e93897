"""The random market: Binance's form, unbroken sequence, never crossed, decided by its seed."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("lltool.kernels.binance_json", reason="needs the compiled kernels")
from lltool.kernels.binance_json import DEPTH, SNAPSHOT, TICKER, TRADE, Parser
from lltool.kernels.l2_book import L2Book


def test_it_is_read_by_the_parser_without_a_gap_and_its_prices_are_those_of_the_book(exchanges: Any) -> None:
    parser, book, seen, best = Parser(), L2Book(), set(), None
    for _, message in exchanges.random_market(5000):
        event = parser.parse(message)
        seen.add(event.kind)
        if event.kind == DEPTH:
            assert event.first_update_id == book.sequence + 1
        if event.kind in {DEPTH, SNAPSHOT}:
            book.apply(event)
            assert book.spread_ticks > 0
        if event.kind == TICKER:
            best = (event.last_update_id, event.best_bid, event.best_ask)
        if event.kind == DEPTH:
            assert best == (book.sequence, book.best_bid, book.best_ask)
    assert seen == {SNAPSHOT, DEPTH, TRADE, TICKER}


def test_equal_seeds_give_equal_markets(exchanges: Any) -> None:
    assert exchanges.random_market(500, seed=3) == exchanges.random_market(500, seed=3)
    assert exchanges.random_market(500, seed=3) != exchanges.random_market(500, seed=4)


def test_its_times_have_the_rate_that_was_asked_for(exchanges: Any) -> None:
    lines = exchanges.random_market(20_000, rate_hz=500.0)
    events = sum(b'"depthUpdate"' in message for _, message in lines)
    assert events / (lines[-1][0] / 1e9) == pytest.approx(500.0, rel=0.1)
