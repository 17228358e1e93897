"""Binance JSON: every recorded message against orjson, every path against the others, everything else refused."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.binance_json", reason="needs the compiled kernels")
from lltool.kernels.binance_json import DEPTH, FUTURES, LEVEL, SCALE, SNAPSHOT, SPOT, TICKER, TRADE, Event, Parser

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance"
DEPTH_UPDATE = (
    b'{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":50093239203,"u":50093239207,'
    b'"b":[["55653.87000000","0.00000000"]],"a":[["61838.04000000","0.32332000"],["61844.3","7"]]}'
)
SPOT_TRADE = (
    b'{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000",'
    b'"T":1723161255342,"m":true,"M":true}'
)
FUTURES_TRADE = (
    b'{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006",'
    b'"X":"MARKET","m":false}'
)
SPOT_TICKER = (
    b'{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}'
)
COIN_DEPTH = (
    b'{"e":"depthUpdate","E":1591270260907,"T":1591270260891,"s":"BTCUSD_200626","ps":"BTCUSD","U":17285681,'
    b'"u":17285702,"pu":17285675,"b":[["9517.6","10"]],"a":[["9518.5","45"]]}'
)
COIN_TICKER = (
    b'{"e":"bookTicker","u":17242169,"s":"BTCUSD_200626","ps":"BTCUSD","b":"9548.1","B":"52","a":"9548.5","A":"11",'
    b'"T":1591268628155,"E":1591268628166}'
)
COIN_SNAPSHOT = (
    b'{"lastUpdateId":16769853,"symbol":"BTCUSD_PERP","pair":"BTCUSD","E":1591250106370,"T":1591250106368,'
    b'"bids":[["9638.0","431"]],"asks":[["9638.2","12"]]}'
)
MESSAGES = [DEPTH_UPDATE, SPOT_TRADE, FUTURES_TRADE, SPOT_TICKER, COIN_DEPTH, COIN_TICKER, COIN_SNAPSHOT]


def paths() -> list[str]:
    names = {}
    for name in ("scalar", "avx2", "avx512"):
        try:
            names[Parser(name).path] = None
        except ValueError:
            continue
    return [*names]


PATHS = paths()


@pytest.fixture(params=PATHS)
def parser(request: pytest.FixtureRequest) -> Parser:
    return Parser(request.param)


def fixed(text: str) -> int:
    scaled = Decimal(text) * SCALE
    assert scaled == int(scaled)
    return int(scaled)


def levels(pairs: Any) -> list[tuple[int, int]]:
    return [(fixed(price), fixed(quantity)) for price, quantity in pairs]


def check(event: Event, message: bytes) -> None:
    """The same values as a general JSON reader finds."""
    found = json.loads(message, parse_float=str)
    found = found.get("data", found)
    kind = {"depthUpdate": DEPTH, "trade": TRADE, "bookTicker": TICKER}.get(
        found.get("e", ""), SNAPSHOT if "bids" in found else TICKER
    )
    assert event.kind == kind
    assert event.symbol == found.get("s", found.get("symbol", ""))
    for sent, read in (("E", event.event_us), ("T", event.transaction_us)):
        value = found.get(sent, 0)
        assert read == (value * 1000 if value < 10**14 else value)
    if kind in (DEPTH, SNAPSHOT):
        assert event.first_update_id == found.get("U", 0)
        assert event.last_update_id == found.get("u", found.get("lastUpdateId"))
        assert event.previous_update_id == found.get("pu", 0)
        assert event.bids.tolist() == levels(found.get("b", found.get("bids")))
        assert event.asks.tolist() == levels(found.get("a", found.get("asks")))
    elif kind == TRADE:
        assert (event.trade_id, event.price, event.quantity) == (found["t"], fixed(found["p"]), fixed(found["q"]))
        assert event.buyer_is_maker == found["m"]
        assert event.at_market == (found.get("X", "MARKET") == "MARKET")
    else:
        assert event.last_update_id == found["u"]
        assert event.best_bid == (fixed(found["b"]), fixed(found["B"]))
        assert event.best_ask == (fixed(found["a"]), fixed(found["A"]))


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_read_as_sent(parser: Parser, message: bytes) -> None:
    check(parser.parse(message), message)
    wrapped = b'{"stream":"btcusdt@any","data":' + message + b"}"
    check(parser.parse(wrapped), wrapped)


def test_the_market_is_seen_from_the_shape(parser: Parser) -> None:
    assert {parser.parse(message).market for message in (COIN_DEPTH, COIN_TICKER, COIN_SNAPSHOT)} == {FUTURES}
    assert parser.parse(SPOT_TRADE).market == SPOT
    assert parser.parse(FUTURES_TRADE).market == FUTURES


def test_microseconds_are_told_from_milliseconds(parser: Parser) -> None:
    assert parser.parse(SPOT_TRADE).event_us == 1723161255343000
    assert parser.parse(SPOT_TRADE.replace(b"1723161255343", b"1723161255343217")).event_us == 1723161255343217


def test_a_trade_of_the_insurance_fund_is_not_one_of_the_book(parser: Parser) -> None:
    assert not parser.parse(FUTURES_TRADE.replace(b"MARKET", b"INSURANCE_FUND")).at_market


def test_levels_outlive_the_next_message(parser: Parser) -> None:
    event = parser.parse(DEPTH_UPDATE)
    parser.parse(DEPTH_UPDATE.replace(b"61838.04", b"99999.99"))
    assert event.asks["price"].tolist() == [6183804000000, 6184430000000]
    assert event.bids.dtype == LEVEL


@pytest.mark.parametrize(
    ("price", "value"),
    [
        ("0", 0),
        ("1", SCALE),
        ("0.00000001", 1),
        ("92233720368.54775807", 2**63 - 1),
        ("12345678.87654321", 1234567887654321),
        ("123456789.1", 12345678910000000),
        ("9", 9 * SCALE),
    ],
)
def test_numbers_are_exact(parser: Parser, price: str, value: int) -> None:
    event = parser.parse(DEPTH_UPDATE.replace(b"61838.04000000", price.encode()))
    assert event.asks["price"][0] == value


@pytest.mark.parametrize(
    "price",
    ["92233720368.54775808", "100000000000", "0.000000001", "1.000000000", "", ".5", "5.", "00.5", "01", "-1", "+1",
     "1e5", "1.5e1", "0x1", " 1", "1 ", "1,5", "1..5", "1.5.5", "NaN", "inf", "1_0", "\uff11", "99999999999999999999"],
)  # fmt: skip
def test_what_is_no_fixed_point_number_is_refused(parser: Parser, price: str) -> None:
    for message, place in ((DEPTH_UPDATE, b"61838.04000000"), (SPOT_TICKER, b"61837.64000000")):
        broken = message.replace(place, price.encode())
        with pytest.raises(ValueError, match=r"^offset \d+: "):
            parser.parse(broken)


def depth_of(bids: list[list[str]]) -> bytes:
    """A depth update of those bids."""
    pairs = json.dumps(bids, separators=(",", ":")).encode()
    return b'{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":1,"u":2,"b":' + pairs + b',"a":[]}'


def outcome(parser: Parser, message: bytes) -> list[tuple[int, int]] | str:
    """The bids, or why the message was refused."""
    try:
        read: list[tuple[int, int]] = parser.parse(message).bids.tolist()
    except ValueError as refusal:
        return str(refusal)
    return read


def with_places(whole: int, places: int) -> str:
    return "12345678901"[:whole] + ("." + "98765432"[:places] if places else "")


@pytest.mark.parametrize("other", ["61837.63", "7", "12345678.87654321"])
def test_numbers_of_any_length_are_read_beside_others(parser: Parser, other: str) -> None:
    numbers = [with_places(whole, places) for whole in range(1, 12) for places in range(9)]
    pairs = [pair for text in numbers for pair in ([text, other], [text, other], [other, text], [other, text])]
    message = depth_of(pairs)
    check(parser.parse(message), message)


@pytest.mark.parametrize("pair", [["61837.63000000", "3.78826000"], ["0.5", "12"], ["58710.20", "0.014"]])
def test_a_fault_in_a_level_like_the_last_is_found_where_it_is(parser: Parser, pair: list[str]) -> None:
    message = depth_of([pair] * 4)
    size = len(json.dumps(pair, separators=(",", ":"))) + 1
    third = message.index(b"[[") + 1 + 2 * size
    for at in range(third, third + size):
        for byte in b'0/:."], 5':
            changed = message[:at] + bytes([byte]) + message[at + 1 :]
            assert outcome(parser, changed) == outcome(Parser("scalar"), changed), changed


@pytest.mark.parametrize("message", MESSAGES)
def test_every_prefix_is_refused_where_it_ends(parser: Parser, message: bytes) -> None:
    for size in range(len(message)):
        with pytest.raises(ValueError, match=r"^offset \d+: ") as caught:
            parser.parse(message[:size])
        assert int(str(caught.value).split()[1].rstrip(":")) <= size


@pytest.mark.parametrize(
    ("old", "new", "rest"),
    [
        (b'"s":', b'"S":', b'S":"BTC'),
        (b'"e":"depthUpdate"', b'"e":"depthupdate"', b'{"e":'),
        (b'"U":50093239203', b'"U":-1', b"-1,"),
        (b'"U":50093239203', b'"U": 50093239203', b" 500"),
        (b'"U":50093239203', b'"U":050093239203', b"0500"),
        (b'"b":[[', b'"b":[null,[', b"null,"),
        (b'"b":[["55653.87000000","0.00000000"]]', b'"b":{}', b"{}"),
        (b"0.32332000", b"1,5", b',5"]'),
        (b"]]}", b"]]}}", b"}"),
        (b"]]}", b'],"x"]}', b'"x"]'),
        (b"BTCUSDT", b"BTC\\u0055SDT", b"\\u0055"),
        (b"BTCUSDT", b"", b'","U"'),
        (b"BTCUSDT", b"A" * 23 + b"BC", b'C","U"'),
    ],
)
def test_the_refusal_says_where(parser: Parser, old: bytes, new: bytes, rest: bytes) -> None:
    broken = DEPTH_UPDATE.replace(old, new)
    with pytest.raises(ValueError, match=r"^offset \d+: ") as caught:
        parser.parse(broken)
    at = int(str(caught.value).split()[1].rstrip(":"))
    assert broken[at:].startswith(rest)


def test_an_unknown_path_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="scalar"):
        Parser("sse9")


def number(largest: int) -> st.SearchStrategy[str]:
    return st.builds(
        lambda whole, places, digits: f"{whole}.{places % 10**digits:0{digits}d}" if digits else str(whole),
        st.integers(0, largest), st.integers(0, 10**8 - 1), st.integers(0, 8),
    )  # fmt: skip


SIDES = st.lists(st.tuples(number(10**10), number(10**9)).map(list), max_size=12)
IDS = st.integers(0, 10**19 - 1)
TIMES = st.integers(0, 10**15)


@given(bids=SIDES, asks=SIDES, ids=st.tuples(IDS, IDS, IDS), times=st.tuples(TIMES, TIMES), futures=st.booleans())
def test_any_depth_update_is_read_alike_by_all_paths(
    bids: list[list[str]], asks: list[list[str]], ids: tuple[int, int, int], times: tuple[int, int], futures: bool
) -> None:
    message: dict[str, Any] = {"e": "depthUpdate", "E": times[0]}
    if futures:
        message["T"] = times[1]
    message |= {"s": "\u5e01USDT", "U": ids[0], "u": ids[1]}
    if futures:
        message["pu"] = ids[2]
    message |= {"b": bids, "a": asks}
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()
    for path in PATHS:
        check(Parser(path).parse(text), text)


@given(
    message=st.sampled_from(MESSAGES),
    at=st.integers(0, 400),
    cut=st.integers(0, 3),
    put=st.text(alphabet='0123456789.,:"[]{}eE- bsqp', max_size=3).map(str.encode),
)
def test_a_changed_message_is_refused_or_read_as_json_reads_it(message: bytes, at: int, cut: int, put: bytes) -> None:
    changed = message[:at] + put + message[at + cut :]
    for path in PATHS:
        try:
            event = Parser(path).parse(changed)
        except ValueError:
            continue
        check(event, changed)


def test_lines_are_parsed_in_bulk_and_a_bad_one_is_named() -> None:
    text = DEPTH_UPDATE + b"\n" + SPOT_TRADE + b"\n" + DEPTH_UPDATE
    events, found = Parser().parse_lines(text)
    assert events["kind"].tolist() == [DEPTH, TRADE, DEPTH]
    assert events["first_level"].tolist() == [0, 3, 3]
    assert found["price"].tolist() == [5565387000000, 6183804000000, 6184430000000] * 2
    with pytest.raises(ValueError, match=r"^line 2: offset 0: "):
        Parser().parse_lines(text.replace(b'{"e":"trade"', b'{"e":"kline"'))


def test_stamps_of_a_recording_are_kept() -> None:
    _, _, stamps = Parser().parse_lines(b"1723161253937085768 " + SPOT_TRADE + b"\n17 " + SPOT_TICKER, stamped=True)
    assert stamps.tolist() == [1723161253937085768, 17]
    for broken in (b"x " + SPOT_TRADE, SPOT_TRADE, b"9" * 19 + b" " + SPOT_TRADE, b"12"):
        with pytest.raises(ValueError, match=r"^line 1: offset "):
            Parser().parse_lines(broken, stamped=True)


@pytest.mark.skipif(not RECORDINGS.exists(), reason="needs ../shared")
@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_every_recorded_message_is_read_as_orjson_reads_it(market: str) -> None:
    orjson = pytest.importorskip("orjson", reason="needs orjson")
    text = gzip.decompress((RECORDINGS / f"{market}-btcusdt-20240808.gz").read_bytes())
    fields = {"E": "event_us", "T": "transaction_us", "U": "first_update_id", "pu": "previous_update_id",
              "t": "trade_id", "p": "price", "q": "quantity"}  # fmt: skip
    quotes = {"b": "bid_price", "B": "bid_quantity", "a": "ask_price", "A": "ask_quantity"}

    def scaled(value: str) -> int:
        whole, _, places = value.partition(".")
        return int(whole + places.ljust(8, "0"))

    def wanted(name: str, value: Any) -> int:
        return scaled(value) if isinstance(value, str) else value * 1000 if name in ("E", "T") else value

    lines = text.splitlines()
    per_path = [Parser(path).parse_lines(text, stamped=True) for path in PATHS]
    for events, found, _ in per_path[1:]:
        assert (events == per_path[0][0]).all()
        assert (found == per_path[0][1]).all()
    events, found, stamps = per_path[-1]
    assert len(events) == len(lines)
    columns = {name: events[name].tolist() for name in events.dtype.names if name not in ("reserved", "symbol")}
    pairs = found.tolist()
    for row, line in enumerate(lines):
        stamp, _, message = line.partition(b" ")
        sent = orjson.loads(message)
        sent = sent.get("data", sent)
        assert stamps[row] == int(stamp)
        assert columns["last_update_id"][row] == sent.get("u", sent.get("lastUpdateId", 0))
        for name, column in fields.items():
            assert columns[column][row] == (wanted(name, sent[name]) if name in sent else 0)
        bids, asks = sent.get("bids", sent.get("b")), sent.get("asks", sent.get("a"))
        if isinstance(bids, list):
            first = columns["first_level"][row]
            assert columns["bids"][row] == len(bids)
            assert columns["asks"][row] == len(asks)
            sides = pairs[first : first + len(bids) + len(asks)]
            assert sides == [(scaled(price), scaled(quantity)) for price, quantity in bids + asks]
        elif "b" in sent:
            assert all(columns[column][row] == scaled(sent[name]) for name, column in quotes.items())
