"""Packed feeds: the recorded changes lead to the recorded book."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("lltool.kernels.pipeline", reason="needs the compiled kernels")

RECORDING = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance" / "spot-btcusdt-20240808.gz"


def test_a_synthetic_feed_has_its_rate_and_leaves_the_spread_open() -> None:
    from lltool.bench.workloads.pipeline_rig import new_pipeline
    from lltool.trading.feed import synthetic_feed

    feed = synthetic_feed(1000, 50_000)
    line = new_pipeline()
    assert line.take(feed.opening + feed.messages) == len(feed.opening + feed.messages)
    assert feed.offsets_ns[-1] == 999 * 20_000
    assert line.counts["crossed"] == 0
    assert line.counts["orders"] == 2000 - 1000 + 1000


@pytest.mark.skipif(not RECORDING.exists(), reason="needs the recordings in ../shared")
def test_the_busiest_part_of_a_recording_leads_to_its_book() -> None:
    from lltool.bench.workloads.pipeline_rig import new_pipeline
    from lltool.trading.feed import recorded_feed
    from lltool.trading.recording import read_recording

    feed = recorded_feed(str(RECORDING), 5_000_000_000)
    assert len(feed.messages) == 29 * len(feed.offsets_ns)
    assert 0 < feed.offsets_ns[-1] < 5_000_000_000
    line = new_pipeline()
    line.take(feed.opening + feed.messages)
    bids, asks = line.levels(1)
    assert bids[0]["price"] < asks[0]["price"]
    tickers = read_recording(str(RECORDING)).events
    tickers = tickers[tickers["kind"] == 3]
    best = (int(bids[0]["price"]), int(bids[0]["quantity"]), int(asks[0]["price"]), int(asks[0]["quantity"]))
    names = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")
    assert best in {tuple(int(one[name]) for name in names) for one in tickers}
