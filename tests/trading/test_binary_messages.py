"""Binary market data: what the exchange writes, the kernel reads; a recording of it is one of the same market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.sbe", reason="needs the compiled kernels")

from lltool.errors import InvalidInput
from lltool.kernels import sbe
from lltool.kernels.binance_json import TRADE, Parser
from lltool.trading.paper_replay import PaperReplay
from lltool.trading.recording import read_recording
from lltool.trading.replay import document, replay
from lltool.trading.sbe import encode, from_base64, to_base64, to_json

RECORDING = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance" / "spot-btcusdt-20240808.gz"
EVENT_FIELDS = (
    "kind", "symbol", "first_update_id", "last_update_id", "best_bid", "best_ask", "price", "quantity",
    "trade_id", "buyer_is_maker",
)  # fmt: skip


def test_what_is_written_is_read_back_and_is_the_same_in_json(exchanges: Any) -> None:
    parser = Parser()
    for _, message in exchanges.random_market(500)[1:]:
        event = parser.parse(message)
        found, trades = sbe.parse(encode(event))
        if event.kind == TRADE:
            assert trades is not None
            assert trades.tolist() == [(event.trade_id, event.price, event.quantity, event.buyer_is_maker)]
        (again,) = (parser.parse(each) for each in to_json(encode(event)))
        for name in EVENT_FIELDS:
            assert getattr(again, name) == getattr(event, name), name
        assert found.bids.tolist() == event.bids.tolist() == again.bids.tolist()
        assert found.asks.tolist() == event.asks.tolist() == again.asks.tolist()


def binary_recording(path: Path, lines: list[bytes]) -> str:
    """The same recording with every message but snapshots in SBE."""
    parser = Parser()
    text = []
    for line in lines:
        stamp, _, message = line.partition(b" ")
        binary = message if b"lastUpdateId" in message else to_base64(encode(parser.parse(message)))
        text.append(stamp + b" " + binary + b"\n")
    path.write_bytes(b"".join(text))
    return str(path)


def replayed(path: str) -> dict[str, Any]:
    from lltool.trading.configuration import Configuration

    read, trading = read_recording(path), PaperReplay(Configuration())
    found: dict[str, Any] = document(read, replay(read, trading=trading), trading)
    return found


def same_market(tmp_path: Path, lines: list[bytes]) -> dict[str, Any]:
    plain = tmp_path / "json"
    plain.write_bytes(b"\n".join(lines))
    first, second = replayed(str(plain)), replayed(binary_recording(tmp_path / "sbe", lines))
    # The random market's times begin at 0, where microseconds cannot be told from milliseconds.
    assert {**first, "recording": "", "clock_offset": None} == {**second, "recording": "", "clock_offset": None}
    return first


def test_a_recording_in_sbe_gives_the_same_book_and_the_same_fills(tmp_path: Path, exchanges: Any) -> None:
    lines = [b"%d %b" % (10**18 + at_ns, message) for at_ns, message in exchanges.random_market(3000)]
    found = same_market(tmp_path, lines)
    assert found["checked"] > 500
    assert found["mismatched"] == 0
    assert found["trading"]["instruments"][0]["fills"] > 5


@pytest.mark.skipif(not RECORDING.exists(), reason="needs the recordings in ../shared")
def test_the_recorded_market_in_sbe_is_the_market(tmp_path: Path) -> None:
    import gzip

    lines = gzip.decompress(RECORDING.read_bytes()).splitlines()
    path = binary_recording(tmp_path / "sbe", lines)
    (found,) = replay(read_recording(path))
    assert (found.depth_events, found.checked, found.mismatched, found.crossed) == (3449, 3449, 0, 0)
    assert found.book["sha256"].startswith("a3e390e7b3e55e2d")


def test_several_trades_of_one_message_are_one_event_each(tmp_path: Path) -> None:
    trade = b'{"e":"trade","E":1,"s":"BTCUSDT","t":7,"p":"2.5","q":"3","T":1,"m":true,"M":true}'
    one = encode(Parser().parse(trade))
    entry = one[8 + 18 + 6 : -8]
    both = one[: 8 + 18 + 2] + (2).to_bytes(4, "little") + entry + entry + one[-8:]
    assert len(to_json(both)) == 2
    path = tmp_path / "r"
    path.write_bytes(b"1 " + to_base64(both) + b"\n2 " + to_base64(one) + b"\n")
    read = read_recording(str(path))
    assert (read.lines, len(read.events), read.line_numbers.tolist()) == (2, 3, [1, 1, 2])


@pytest.mark.parametrize("line", [b"1 !!!", b"1 " + to_base64(b"\x1a\0\x13\x27\x01\0\0\0rest")])
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "r"
    path.write_bytes(b'1 {"result":null,"id":1}\n' + line + b"\n")
    with pytest.raises(InvalidInput) as caught:
        read_recording(str(path))
    (fault,) = caught.value.faults
    assert fault.startswith("line 2: ")


def test_base64_is_taken_exactly() -> None:
    assert from_base64(to_base64(b"\x00\x01")) == b"\x00\x01"
    with pytest.raises(ValueError, match="neither JSON nor"):
        from_base64(b"not base64!")
