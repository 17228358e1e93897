"""Recorded markets: the book against what the market itself published."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from lltool.trading.recording import read_recording
from lltool.trading.replay import Replayed, document, replay

pytest.importorskip("lltool.kernels.sync", reason="needs the compiled kernels")

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance"
SPOT = RECORDINGS / "spot-btcusdt-20240808.gz"
USDM = RECORDINGS / "usdm-btcusdt-20240808.gz"

needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared")


def until(recording: Path, depth_events: int, path: Path) -> Path:
    """The start of a recording, up to the event that is the ``depth_events``-th in the book."""
    from lltool.kernels.binance_json import DEPTH

    read = read_recording(str(recording))
    snapshot = int(read.events["last_update_id"][read.events["kind"] == 4][0])
    wanted = (read.events["kind"] == DEPTH) & (read.events["last_update_id"] > snapshot)
    last = wanted.nonzero()[0][depth_events - 1]
    # The snapshot may stand behind the first event that follows it.
    last = max(last, (read.events["kind"] == 4).nonzero()[0][0])
    lines = gzip.decompress(recording.read_bytes()).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: last + 1]))
    return path


def one(recording: Path) -> Replayed:
    (replayed,) = replay(read_recording(str(recording)))
    return replayed


def write(path: Path, *messages: dict[str, Any]) -> Path:
    text = "".join(f"{number} {json.dumps(each, separators=(',', ':'))}\n" for number, each in enumerate(messages, 1))
    path.write_text(text)
    return path


def depth(first: int, last: int, symbol: str = "BTCUSDT", bid: str = "10.0") -> dict[str, Any]:
    return {"e": "depthUpdate", "E": 1723161255208, "s": symbol, "U": first, "u": last, "b": [[bid, "1.0"]], "a": []}


def snapshot(last: int) -> dict[str, Any]:
    return {"lastUpdateId": last, "bids": [["9.0", "1.0"]], "asks": [["11.0", "1.0"]]}


def ticker(last: int, bid: str = "10.0", symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {"u": last, "s": symbol, "b": bid, "B": "1.0", "a": "11.0", "A": "1.0"}


@needs_recordings
@pytest.mark.parametrize(("recording", "events"), [(SPOT, 3449), (USDM, 6547)])
def test_the_book_is_the_markets_after_every_depth_event(recording: Path, events: int) -> None:
    found = one(recording)
    assert (found.depth_events, found.checked) == (events, events)
    assert (found.mismatched, found.crossed, found.gaps, found.resyncs) == (0, 0, 0, 0)
    assert found.state == "LIVE"


@needs_recordings
@pytest.mark.parametrize(
    ("recording", "events", "u", "bid", "ask", "levels", "book"),
    [
        (SPOT, 1, 50093239224, ("61837.63", "3.78826"), ("61837.64", "1.6052"), [999, 1002], "e06024e6c92059f4"),
        (SPOT, 1000, 50093285546, ("61780", "1.57605"), ("61780.01", "2.7643"), [1179, 1303], "af2f87f0704ebb22"),
        (SPOT, 3449, 50093421584, ("61685.99", "1.0087"), ("61686", "2.29327"), [1209, 2196], "a3e390e7b3e55e2d"),
        (USDM, 1000, 5123112213713, ("61819.9", "4.035"), ("61820", "11.501"), [2296, 1996], "cb46f99513edfb83"),
        (USDM, 6547, 5123135475514, ("61659.7", "1.486"), ("61659.8", "0.981"), [5018, 4578], "98b6d14ffa7e18ea"),
    ],
)
def test_golden_checkpoints(
    tmp_path: Path,
    recording: Path,
    events: int,
    u: int,
    bid: tuple[str, str],
    ask: tuple[str, str],
    levels: list[int],
    book: str,
) -> None:
    from lltool.trading.configuration import to_fixed

    found = one(until(recording, events, tmp_path / "start"))
    assert found.depth_events == events
    assert found.book["u"] == u
    assert tuple(found.book["best_bid"]) == tuple(map(to_fixed, bid))
    assert tuple(found.book["best_ask"]) == tuple(map(to_fixed, ask))
    assert found.book["levels"] == levels
    assert found.book["sha256"].startswith(book)


def test_a_quote_that_contradicts_the_book_is_counted(tmp_path: Path) -> None:
    found = one(write(tmp_path / "r", snapshot(4), ticker(5), depth(5, 6), ticker(7, bid="9.5"), depth(7, 8)))
    assert (found.checked, found.mismatched) == (2, 1)


def test_a_quote_may_come_behind_the_event_that_it_belongs_to(tmp_path: Path) -> None:
    late = one(
        write(tmp_path / "r", snapshot(4), depth(5, 6), ticker(6), depth(7, 8, bid="10.5"), ticker(8, bid="10.5"))
    )
    assert (late.checked, late.mismatched) == (2, 0)


def test_a_lost_event_stops_the_book_until_a_snapshot(tmp_path: Path) -> None:
    lines = [snapshot(4), depth(5, 6), depth(9, 9), depth(10, 10), ticker(10)]
    stopped = one(write(tmp_path / "r", *lines))
    assert (stopped.state, stopped.gaps, stopped.resyncs, stopped.book["u"]) == ("GAP", 1, 0, 6)
    healed = one(write(tmp_path / "r", *lines, snapshot(9), depth(11, 11)))
    assert (healed.state, healed.gaps, healed.resyncs, healed.book["u"]) == ("LIVE", 1, 1, 11)


def test_a_crossed_book_is_counted_and_stops(tmp_path: Path) -> None:
    found = one(write(tmp_path / "r", snapshot(4), depth(5, 6), depth(7, 8, bid="11.0"), depth(9, 9)))
    assert (found.state, found.crossed, found.depth_events) == ("INVALID", 1, 2)


def test_each_symbol_has_its_book_and_gets_its_snapshot(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r",
        depth(102, 103, "ETHUSDT"), depth(5, 6), snapshot(102), snapshot(5), depth(7, 7), depth(104, 104, "ETHUSDT"),
        ticker(104, symbol="ETHUSDT"), ticker(7),
    )  # fmt: skip
    eth, btc = replay(read_recording(str(path)))
    assert (eth.instrument.symbol, eth.book["u"], eth.state) == ("ETHUSDT", 104, "LIVE")
    assert (btc.instrument.symbol, btc.book["u"], btc.state) == ("BTCUSDT", 7, "LIVE")
    assert eth.mismatched == btc.mismatched == 0


def test_a_replay_that_waits_takes_as_long_as_the_recording(tmp_path: Path) -> None:
    import time

    path = tmp_path / "r"
    path.write_text("".join(f"{number * 50_000_000} {json.dumps(depth(number, number))}\n" for number in range(1, 6)))
    read = read_recording(str(path))
    started = time.monotonic()
    replay(read, speed=1)
    assert time.monotonic() - started >= 0.2
    assert document(read, replay(read, speed=100)) == document(read, replay(read))
