"""The price-level book in bulk: arrays in, quotes out, snapshots, the published quote, and the recordings as oracle."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.l2_book", reason="needs the compiled kernels")
from lltool.kernels.binance_json import DEPTH, FUTURES, SNAPSHOT, TICKER, Parser
from lltool.kernels.l2_book import ASK, BID, LEVEL, QUOTE, L2Book
from lltool.kernels.seqlock import Seqlock

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance"
UPDATES = st.lists(
    st.tuples(
        st.sampled_from([BID, ASK]),
        st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1)),
        st.one_of(st.just(0), st.integers(1, 2**64 - 1)),
    ),
    max_size=60,
)


def arrays(updates: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    sides, prices, quantities = zip(*updates, strict=True) if updates else ((), (), ())
    return np.array(sides, np.uint8), np.array(prices, np.int64), np.array(quantities, np.uint64)


@given(UPDATES)
def test_updates_in_bulk_are_those_one_by_one(updates: list[tuple[int, int, int]]) -> None:
    one_by_one, bulk = L2Book(), L2Book()
    quotes = bulk.update_many(*arrays(updates), best=True)
    for quote, update in zip(quotes, updates, strict=True):
        one_by_one.update(*update)
        bid, ask = one_by_one.best_bid, one_by_one.best_ask
        assert quote["sides"] == (bid is not None) + 2 * (ask is not None)
        assert bid is None or (quote["bid_price"], quote["bid_quantity"]) == bid
        assert ask is None or (quote["ask_price"], quote["ask_quantity"]) == ask
    for side in (BID, ASK):
        assert bulk.levels(side) == one_by_one.levels(side)
    bids, asks, _ = bulk.snapshot()
    assert (bids.tolist(), asks.tolist()) == (bulk.levels(BID), bulk.levels(ASK))
    other = L2Book()
    other.update(BID, 17, 17)
    other.load(bids[::-1].copy(), asks, 99)
    assert (other.levels(BID), other.levels(ASK), other.sequence) == (bulk.levels(BID), bulk.levels(ASK), 99)


def test_bulk_refuses_as_a_whole() -> None:
    book = L2Book()
    for sides, prices, quantities in (([0, 2], [1, 1], [1, 1]), ([0, 1], [1], [1, 1])):
        with pytest.raises(ValueError, match=r"side 2|one of each"):
            book.update_many(sides, prices, quantities)
    with pytest.raises(ValueError, match="LEVEL"):
        book.load(np.zeros(2), np.zeros(2))
    assert book.best_bid is book.best_ask is None


@pytest.mark.parametrize(
    ("bids", "asks", "value"), [([], [], None), ([3], [1], 0.5), ([], [4], -1.0), ([2**64 - 1], [2**64 - 1], 0.0)]
)
def test_imbalance_is_between_the_sides(bids: list[int], asks: list[int], value: float | None) -> None:
    book = L2Book()
    for side, quantities in ((BID, bids), (ASK, asks)):
        for rank, quantity in enumerate(quantities):
            book.update(side, rank, quantity)
    assert book.imbalance(5) == value


def test_the_quote_is_published_after_every_change() -> None:
    lock = Seqlock(QUOTE.itemsize)
    book = L2Book(quote=lock)

    def quote() -> tuple[int, ...]:
        return tuple(np.frombuffer(lock.read(), QUOTE)[0].tolist())

    book.update(BID, 10, 5)
    assert quote() == (10, 5, 0, 0, 0, 1)
    book.update_many([ASK, BID], [12, 11], [7, 3])
    assert quote() == (11, 3, 12, 7, 0, 3)
    book.delete(BID, 11)
    assert quote() == (10, 5, 12, 7, 0, 3)
    book.load(np.array([(1, 2)], LEVEL), np.array([], LEVEL), 77)
    assert quote() == (1, 2, 0, 0, 77, 1)
    book.clear()
    assert quote()[-1] == 0
    with pytest.raises(ValueError, match="lock of 8 bytes"):
        L2Book(quote=Seqlock(8))


def test_an_event_without_levels_is_refused() -> None:
    ticker = b'{"u":5,"s":"X","b":"1.0","B":"1.0","a":"2.0","A":"1.0"}'
    with pytest.raises(ValueError, match="no levels"):
        L2Book().apply(Parser().parse(ticker))


def checkpoint(book: L2Book) -> str:
    """The reference's digest of a whole book."""
    sides = (";".join(f"{price}:{quantity}" for price, quantity in book.levels(side)) for side in (BID, ASK))
    return hashlib.sha256("|".join(sides).encode()).hexdigest()[:16]


@pytest.mark.skipif(not RECORDINGS.exists(), reason="needs ../shared")
@pytest.mark.parametrize(
    ("market", "events", "digest"), [("spot", 3449, "a3e390e7b3e55e2d"), ("usdm", 6547, "98b6d14ffa7e18ea")]
)
def test_the_recorded_best_quote_is_that_of_the_book_at_every_depth_event(
    market: str, events: int, digest: str
) -> None:
    """The exchange's own best quotes share the depth stream's update ids."""
    lines = gzip.decompress((RECORDINGS / f"{market}-btcusdt-20240808.gz").read_bytes()).splitlines()
    parser = Parser()
    parsed = [parser.parse(line.partition(b" ")[2]) for line in lines]
    book = L2Book(8192)
    started = False
    snapshot = next(event for event in parsed if event.kind == SNAPSHOT)
    book.apply(snapshot)
    tickers = [event for event in parsed if event.kind == TICKER]
    compared = at = 0
    last = None
    for event in parsed:
        if event.kind != DEPTH or event.last_update_id < snapshot.last_update_id + (event.market != FUTURES):
            continue
        if started:
            follows = event.previous_update_id if event.market == FUTURES else event.first_update_id - 1
            assert follows == book.sequence
        started = True
        book.apply(event)
        while at < len(tickers) and tickers[at].last_update_id <= event.last_update_id:
            last = tickers[at]
            at += 1
        assert last is not None
        assert (book.best_bid, book.best_ask) == (last.best_bid, last.best_ask)
        compared += 1
    assert compared == events
    assert checkpoint(book) == digest
