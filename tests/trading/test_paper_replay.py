"""The strategy on a recording: the same orders and fills each time, none on a book that is not live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")

from lltool.trading.configuration import Configuration
from lltool.trading.paper_replay import PaperReplay
from lltool.trading.recording import read_recording
from lltool.trading.replay import document, replay

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance"
STEP_NS = 10_000_000


def recorded(path: Path, exchanges: Any, *, count: int = 3000, seed: int = 1, drop: int | None = None) -> Path:
    """A random market as a recording, without its depth event number ``drop``."""
    lines, depth = [], 0
    for at_ns, message in exchanges.random_market(count, seed=seed, rate_hz=100):
        depth += b"depthUpdate" in message
        if drop is None or depth != drop or b"depthUpdate" not in message:
            lines.append(b"%d %b\n" % (1_700_000_000_000_000_000 + at_ns, message))
    path.write_bytes(b"".join(lines))
    return path


def traded(path: Path, log: list[str] | None = None, **tables: Any) -> dict[str, Any]:
    configuration = Configuration.model_validate({"risk": {"max_burst": 100_000}, **tables})
    trading = PaperReplay(configuration, None if log is None else log.append)
    read = read_recording(str(path))
    found: dict[str, Any] = document(read, replay(read, trading=trading), trading)
    return found


def test_the_same_recording_gives_the_same_fills(tmp_path: Path, exchanges: Any) -> None:
    path = recorded(tmp_path / "r", exchanges)
    first, second = traded(path), traded(path)
    assert first == second
    assert first["trading"]["instruments"][0]["fills"] > 20
    assert traded(path, paper={"seed": 2})["trading"]["log_sha256"] != first["trading"]["log_sha256"]


def test_every_order_has_ended_and_the_fills_add_up(tmp_path: Path, exchanges: Any) -> None:
    log: list[str] = []
    (found,) = traded(recorded(tmp_path / "r", exchanges), log)["trading"]["instruments"]
    assert found["live_orders"] == 0
    fills = [line for line in log if " filled at " in line]
    assert len(fills) == found["fills"]
    sides = {int(line.split()[3]): int(line.split("side ")[1][0]) for line in log if " sent, side " in line}
    position = 0
    for line in fills:
        quantity = int(line.split("quantity ")[1].partition(",")[0])
        position += -quantity if sides[int(line.split()[3])] else quantity
    assert position == found["position"]


def test_trading_says_nothing_about_the_book(tmp_path: Path, exchanges: Any) -> None:
    path = recorded(tmp_path / "r", exchanges)
    read = read_recording(str(path))
    alone = document(read, replay(read))
    assert {**traded(path), "trading": None} == alone


def test_no_order_is_sent_after_a_lost_event(tmp_path: Path, exchanges: Any) -> None:
    log: list[str] = []
    found = traded(recorded(tmp_path / "r", exchanges, drop=100), log)
    assert found["instruments"][0]["state"] == "GAP"
    last = max(number for number, line in enumerate(log) if " sent, " in line)
    (gap,) = (number for number, line in enumerate(log) if "book state 4 became 6" in line)
    assert last < gap


def test_a_loss_trips_the_switch_and_nothing_leaves_after_it(tmp_path: Path, exchanges: Any) -> None:
    path = recorded(tmp_path / "r", exchanges)
    found = traded(path, risk={"max_burst": 100_000, "max_loss": "0.1", "max_drawdown": "0.1"})
    free = traded(path)
    assert found["trading"]["kill_switch"] == "loss"
    assert found["trading"]["instruments"][0]["orders"] < free["trading"]["instruments"][0]["orders"]


def test_each_symbol_of_a_recording_is_traded(tmp_path: Path, exchanges: Any) -> None:
    one, other = recorded(tmp_path / "a", exchanges, seed=1), recorded(tmp_path / "b", exchanges, seed=2)
    wrapped = []
    for path, symbol in ((one, b"BTCUSDT"), (other, b"ETHUSDT")):
        for line in path.read_bytes().replace(b"BTCUSDT", symbol).splitlines():
            stamp, _, message = line.partition(b" ")
            # Ids far apart: a snapshot names no symbol, it belongs to the updates it fits into.
            if symbol == b"ETHUSDT":
                content = json.loads(message)
                for key in ("U", "u", "lastUpdateId"):
                    if key in content:
                        content[key] += 1_000_000
                message = json.dumps(content, separators=(",", ":")).encode()
            wrapped.append((int(stamp), stamp + b" " + message))
    path = tmp_path / "both"
    path.write_bytes(b"\n".join(line for _, line in sorted(wrapped)))
    both = traded(path)["trading"]["instruments"]
    assert {each["symbol"] for each in both} == {"BTCUSDT", "ETHUSDT"}
    assert all(each["fills"] > 20 for each in both)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared")
@pytest.mark.parametrize("name", ["spot-btcusdt-20240808.gz", "usdm-btcusdt-20240808.gz"])
def test_a_recorded_market_is_traded_the_same_twice(name: str) -> None:
    first, second = traded(RECORDINGS / name), traded(RECORDINGS / name)
    assert first == second
    (found,) = first["trading"]["instruments"]
    assert found["fills"] > 100
    assert found["live_orders"] == 0
