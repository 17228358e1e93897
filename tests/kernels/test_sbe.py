"""Binance SBE: written by struct after the schema, read back; later versions read, everything else refused."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.sbe", reason="needs the compiled kernels")
from lltool.kernels.binance_json import DEPTH, SCALE, SNAPSHOT, TICKER, TRADE
from lltool.kernels.sbe import parse

SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "data" / "sbe" / "binance-stream_1_0.xml"
Levels = list[tuple[int, int]]


def message(
    template: int, root: bytes, *parts: bytes, schema: int = 1, version: int = 0, symbol: bytes = b"BTCUSDT"
) -> bytes:
    head = struct.pack("<HHHH", len(root), template, schema, version)
    return head + root + b"".join(parts) + bytes([len(symbol)]) + symbol


def group(levels: Levels, extra: bytes = b"") -> bytes:
    entries = b"".join(struct.pack("<qq", *level) + extra for level in levels)
    return struct.pack("<HH", 16 + len(extra), len(levels)) + entries


def depth(bids: Levels, asks: Levels, exponents: tuple[int, int] = (-2, -5)) -> bytes:
    return message(10003, struct.pack("<qqqbb", 1723161255308000, 5, 9, *exponents), group(bids), group(asks))


def test_a_depth_update_is_read() -> None:
    event, trades = parse(depth([(6183763, 378826)], [(6183764, 0), (6183765, 1)]))
    assert trades is None
    assert (event.kind, event.symbol, event.event_us) == (DEPTH, "BTCUSDT", 1723161255308000)
    assert (event.first_update_id, event.last_update_id) == (5, 9)
    assert event.bids.tolist() == [(6183763000000, 378826000)]
    assert event.asks.tolist() == [(6183764000000, 0), (6183765000000, 1000)]


def test_a_best_quote_a_snapshot_and_trades_are_read() -> None:
    root = struct.pack("<qqbbqqqq", 7, 11, -2, -3, 100, 1, 101, 2)
    event, _ = parse(message(10001, root))
    assert (event.kind, event.last_update_id) == (TICKER, 11)
    assert event.best_bid == (SCALE, SCALE // 1000)
    assert event.best_ask == (101 * SCALE // 100, 2 * SCALE // 1000)
    event, _ = parse(message(10002, struct.pack("<qqbb", 7, 12, 0, 0), group([(3, 4)]), group([])))
    assert (event.kind, event.last_update_id, event.bids.tolist()) == (SNAPSHOT, 12, [(3 * SCALE, 4 * SCALE)])
    entries = struct.pack("<HI", 25, 2) + struct.pack("<qqqB", 1, 100, 5, 1) + struct.pack("<qqqB", 2, 99, 6, 0)
    event, trades = parse(message(10000, struct.pack("<qqbb", 7, 6, -2, 0), entries))
    assert (event.kind, event.transaction_us) == (TRADE, 6)
    assert trades is not None
    assert trades.tolist() == [(1, SCALE, 5 * SCALE, 1), (2, 99 * SCALE // 100, 6 * SCALE, 0)]


def test_a_later_version_with_longer_blocks_is_read() -> None:
    root = struct.pack("<qqqbb", 1, 5, 9, 0, 0) + b"later"
    event, _ = parse(message(10003, root, group([(1, 2)], b"new"), group([(3, 4)], b"n"), version=3))
    assert event.bids.tolist() == [(SCALE, 2 * SCALE)]
    assert event.asks.tolist() == [(3 * SCALE, 4 * SCALE)]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (message(10003, struct.pack("<qqqbb", 1, 5, 9, 0, 0), group([]), group([]), schema=3), "schema or template"),
        (message(10004, struct.pack("<qqqbb", 1, 5, 9, 0, 0), group([]), group([])), "schema or template"),
        (message(10003, struct.pack("<qqqb", 1, 5, 9, 0), group([]), group([])), "shorter"),
        (message(10003, struct.pack("<qqqbb", 1, 5, 9, 0, 0), struct.pack("<HHq", 8, 1, 5), group([])), "shorter"),
        (message(10003, struct.pack("<qqqbb", 1, -5, 9, 0, 0), group([]), group([])), "value"),
        (depth([(1, 1)], [], (1, 0)), "value"),
        (depth([(1, 1)], [], (-19, 0)), "value"),
        (depth([(123, 1)], [], (-9, 0)), "value"),
        (depth([(2**62, 1)], [], (0, 0)), "value"),
        (depth([(-1, 1)], []), "value"),
        (depth([], []) + b"x", "behind"),
        (message(10003, struct.pack("<qqqbb", 1, 5, 9, 0, 0), group([]), group([]), symbol=b""), "value"),
        (message(10000, struct.pack("<qqbb", 1, 1, 0, 0), struct.pack("<HI", 25, 2**31)), "longer"),
        (b"", "longer"),
    ],
)
def test_what_the_schema_does_not_have_is_refused(broken: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=rf"^offset \d+ of \d+: .*{why}"):
        parse(broken)


def test_every_prefix_is_refused() -> None:
    whole = depth([(1, 2), (3, 4)], [(5, 6)])
    for size in range(len(whole)):
        with pytest.raises(ValueError, match="longer"):
            parse(whole[:size])


LEVELS = st.lists(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1)), max_size=20)


@given(bids=LEVELS, asks=LEVELS, exponents=st.tuples(st.integers(-18, 0), st.integers(-18, 0)))
def test_levels_are_exact_or_refused(bids: Levels, asks: Levels, exponents: tuple[int, int]) -> None:
    def fixed(mantissa: int, exponent: int) -> int | None:
        scaled, rest = divmod(mantissa * 10 ** (exponent + 18), 10**10)
        return None if rest or scaled >= 2**63 else scaled

    wanted = [[tuple(map(fixed, level, exponents)) for level in side] for side in (bids, asks)]
    if any(None in level for side in wanted for level in side):
        with pytest.raises(ValueError, match="value"):
            parse(depth(bids, asks, exponents))
    else:
        event, _ = parse(depth(bids, asks, exponents))
        assert [event.bids.tolist(), event.asks.tolist()] == wanted


@pytest.mark.skipif(not SCHEMA.exists(), reason="needs ../shared")
def test_block_lengths_are_those_of_the_schema() -> None:
    """The decoder's layout is written by hand: the published schema has the same sizes."""
    sizes = {"utcTimestampUs": 8, "updateId": 8, "tradeId": 8, "mantissa64": 8, "exponent8": 1, "boolEnum": 1}
    tree = ET.parse(SCHEMA)  # noqa: S314 - a file of ours
    found = {}
    for entry in tree.iter("{http://fixprotocol.io/2016/sbe}message"):
        root = sum(sizes[field.get("type", "")] for field in entry.findall("field"))
        groups = [
            sum(sizes[f.get("type", "")] for f in g.findall("field") if f.get("presence") != "constant")
            for g in entry.findall("group")
        ]
        found[int(entry.get("id", ""))] = (root, groups)
    assert found == {10000: (18, [25]), 10001: (50, []), 10002: (18, [16, 16]), 10003: (26, [16, 16])}
