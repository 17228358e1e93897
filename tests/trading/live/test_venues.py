"""Every market and encoding through the whole chain: exchange, streams, snapshots, book, strategy, orders on paper."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from lltool.errors import InvalidInput
from lltool.trading.configuration import Configuration, load_configuration
from lltool.trading.venues import VENUES

VENUE = pytest.mark.parametrize(
    ("venue", "symbols"),
    [
        ("binance-spot", ("BTCUSDT",)),
        ("binance-spot", ("BTCUSDT", "ETHUSDT")),
        ("binance-usdm", ("BTCUSDT", "ETHUSDT")),
        ("binance-coinm", ("BTCUSD_PERP", "ETHUSD_PERP")),
    ],
)


def market_of(venue: str, symbols: tuple[str, ...], count: int = 20_000) -> Any:
    from lltool.trading.exchange.lines import random_lines

    configuration = Configuration.model_validate({"market": {"venue": venue, "symbols": symbols}})
    return islice(random_lines(configuration, seed=1, price=60_000 * 10**8, rate_hz=500), count)


async def traded(
    exchanges: Any, live: Any, venue: str, symbols: tuple[str, ...], encoding: str = "json"
) -> tuple[Any, Any]:
    """A run in which one event was lost and every symbol has traded; its report, and the exchange."""
    async with exchanges.opened(market_of(venue, symbols), symbols=symbols, speed=0.3) as exchange:
        path = "sbe/ws" if encoding == "sbe" else "ws"
        configuration = live.configured(
            exchange.ports,
            market={"venue": venue, "symbols": symbols},
            live={"encoding": encoding, "stream_url": f"ws://127.0.0.1:{exchange.ports.streams}/{path}"},
        )
        run = live.new_run(exchange, configuration)
        healed = live.after_live(run, exchange, ["drop@10"], 100)

        def reached() -> bool:
            fills = [desk.router.account.fills for desk in run.floor.desks]
            states = {desk.sync.state.name for desk in run.floor.desks}
            return healed() and min(fills) >= 3 and states == {"LIVE"}

        return await live.traded(exchange, run, reached), exchange


def check(report: dict[str, Any], symbols: tuple[str, ...]) -> None:
    assert report["orders_confirmed"]
    assert report["refused_messages"] == 0
    found = report["symbols"]
    assert tuple(found) == symbols
    assert sum(one["book"]["gaps"] for one in found.values()) == 1
    for one in found.values():
        assert one["account"]["fills"] >= 3
        assert one["account"] == one["exchange_account"]
        assert one["book"]["crossed"] == one["messages"]["contradictions"] == 0
        assert one["messages"]["trades"] > 0
        assert one["messages"]["best_prices"] > 0


@VENUE
def test_each_market_is_followed_and_traded_by_its_rules(
    exchanges: Any, live: Any, run: Any, venue: str, symbols: tuple[str, ...]
) -> None:
    report, exchange = run(traded(exchanges, live, venue, symbols))
    check(report, symbols)
    assert exchange.streams.snapshots >= len(symbols) + 1


def test_streams_in_sbe_are_followed_and_traded(exchanges: Any, live: Any, run: Any) -> None:
    symbols = ("BTCUSDT", "ETHUSDT")
    report, _ = run(traded(exchanges, live, "binance-spot", symbols, "sbe"))
    check(report, symbols)


def test_half_a_message_in_sbe_is_refused_and_all_books_are_built_anew(exchanges: Any, live: Any, run: Any) -> None:
    from lltool.trading.sbe import encode

    async def go() -> Any:
        symbols = ("BTCUSDT",)
        async with exchanges.opened(market_of("binance-spot", symbols), symbols=symbols, speed=0.3) as exchange:
            url = f"ws://127.0.0.1:{exchange.ports.streams}/sbe/ws"
            trading = live.new_run(
                exchange, live.configured(exchange.ports, live={"encoding": "sbe", "stream_url": url})
            )
            states: list[str] = []

            def reached() -> bool:
                (desk,) = trading.floor.desks
                if desk.sync.state.name == "LIVE" and not states:
                    from lltool.kernels.binance_json import Parser

                    event = Parser().parse(b'{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}')
                    trading._on_binary(encode(event)[:-3])
                    states.append(desk.sync.state.name)
                return bool(states) and desk.sync.counts["resyncs"] > 0

            report = await live.traded(exchange, trading, reached)
            return states, report

    states, report = run(go())
    assert states == ["INVALID"]
    assert report["refused_messages"] == 1
    assert report["symbols"]["BTCUSDT"]["state"] == "live"


@pytest.mark.parametrize("venue", VENUES)
def test_addresses_and_pings_are_those_of_the_venue_unless_named(venue: str) -> None:
    live = Configuration.model_validate({"market": {"venue": venue}}).live
    assert (live.stream_url, live.rest_url) == (VENUES[venue].stream_url, VENUES[venue].rest_url)
    assert live.ping_silence_ms == VENUES[venue].ping_silence_ms
    named = Configuration.model_validate({"market": {"venue": venue}, "live": {"rest_url": "http://127.0.0.1:1"}})
    assert named.live.rest_url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[market]\nvenue = "binance-usdm"\n[live]\nsnapshot_limit = 5000\n', "at most 1000 levels"),
        ('[live]\nencoding = "sbe"\n', "api_key_file is needed"),
        (
            '[market]\nvenue = "binance-coinm"\n[live]\nencoding = "sbe"\nstream_url = "ws://127.0.0.1:1/ws"\n',
            "JSON streams only",
        ),
    ],
)
def test_what_a_venue_does_not_have_is_told(tmp_path: Any, text: str, words: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        load_configuration(str(path))
    assert words in "\n".join(caught.value.faults)
