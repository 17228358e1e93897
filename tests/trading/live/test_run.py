"""The whole system against the exchange: each fault is noticed, trading stops, the book heals, nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

LONG = 15_000
BOTH = pytest.mark.parametrize("order_entry", ["paper", "fix"])


def symbol(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report["symbols"]["BTCUSDT"]
    return found


def live_again(run: Any, exchange: Any, depth_events: int) -> Any:
    """A condition: the exchange is so far, and the book is live and as far as the exchange's."""

    def reached() -> bool:
        desk = run.floor.desks[0]
        return exchange.streams.depth_events > depth_events and desk.sync.state.name == "LIVE"

    return reached


def books_agree(run: Any, exchange: Any) -> None:
    """The book of the run is the exchange's own at the same update."""
    bids, asks = run.floor.desks[0].sync.levels()
    own_bids, own_asks, sequence = exchange.market.instruments["BTCUSDT"].book.snapshot()
    if run.floor.desks[0].sync.update_id == sequence:
        assert bids.tolist() == own_bids.tolist()
        assert asks.tolist() == own_asks.tolist()


def reconciled(report: dict[str, Any], exchange: Any, order_entry: str) -> None:
    """The fills that the run booked are those that the exchange made."""
    own = symbol(report)["account"]
    theirs = (
        symbol(report)["exchange_account"]
        if order_entry == "paper"
        else exchange.market.instruments["BTCUSDT"].paper.account._asdict()
    )
    assert own == theirs


@BOTH
def test_it_trades_and_stops_with_everything_cancelled_and_reconciled(
    exchanges: Any, live: Any, run: Any, order_entry: str
) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.3) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, live={"order_entry": order_entry}))
            report = await live.traded(exchange, trading, lambda: trading.floor.desks[0].router.account.fills >= 20)
            assert (report["ended"], report["kill_switch"], report["orders_confirmed"]) == ("asked", None, True)
            assert symbol(report)["account"]["fills"] >= 20
            assert symbol(report)["orders"]["live"] == 0
            assert trading.kill.is_quiet
            reconciled(report, exchange, order_entry)
            books_agree(trading, exchange)

    run(go())


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("drop@5", {"gaps": 1}),
        ("duplicate@5", {"old": 1}),
        ("reorder@5", {"gaps": 1}),
        ("half-frame@5", {"disconnected": 1}),
        ("close@5", {"disconnected": 1}),
        ("silence@5:0.6", {"stale": 1}),
    ],
)
@BOTH
def test_each_fault_of_the_stream_is_noticed_and_healed(
    exchanges: Any, live: Any, run: Any, fault: str, seen: dict[str, int], order_entry: str
) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.2) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, live={"order_entry": order_entry}))
            report = await live.traded(exchange, trading, live.after_live(trading, exchange, [fault], 200))
            book = symbol(report)["book"]
            assert exchange.script.happened == {fault.partition("@")[0]: 1}
            for name, least in seen.items():
                assert book[name] >= least, book
            assert book["live"] >= 1 + (fault != "duplicate@5")
            assert symbol(report)["state"] == "live"
            assert report["orders_confirmed"]
            reconciled(report, exchange, order_entry)
            books_agree(trading, exchange)

    run(go())


def test_silence_is_told_of_before_it_stops_anything(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.2) as exchange:
            limits = {"stale_warning_ms": 100, "stale_stop_ms": 10_000}
            trading = live.new_run(exchange, live.configured(exchange.ports, live=limits))
            fault = ["silence@5:0.5"]
            report = await live.traded(exchange, trading, live.after_live(trading, exchange, fault, 200))
            told = [line for line in trading.said if "no market data for" in line]
            assert len(told) >= 1
            assert symbol(report)["book"]["stale"] == 0

    run(go())


def test_the_breaker_holds_orders_back_until_a_probe_succeeds(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.2) as exchange:
            # The paper exchange refuses what is below 5: two refusals open the breaker.
            refusing = {
                "paper": {"min_quantity": "5"}, "breaker": {"failures": 2, "recovery_ms": 50},
                "kill": {"breaker_openings": 1000},
            }  # fmt: skip
            trading = live.new_run(exchange, live.configured(exchange.ports, **refusing))
            report = await live.traded(exchange, trading, lambda: trading.breaker_openings >= 3)
            assert report["breaker_openings"] >= 3
            assert symbol(report)["messages"]["held_by_breaker"] > 0
            assert any("circuit breaker: closed -> open" in line for line in trading.said)

    run(go())


def test_no_order_is_sent_while_the_book_is_not_live(exchanges: Any, live: Any, run: Any) -> None:
    log: list[str] = []

    async def go() -> None:
        faults = [f"drop@{at}" for at in range(50, 700, 150)]
        async with exchanges.opened(exchanges.random_market(LONG), *faults, speed=0.3) as exchange:
            trading = live.new_run(exchange, log_to=log.append)
            await live.traded(exchange, trading, live_again(trading, exchange, 720))

    run(go())
    states = {0: "disconnected", 4: "live"}
    state, sent, left = 0, 0, 0
    for line in log:
        words = line.split()
        if "state" in words:
            left += state == 4
            state = int(words[words.index("became") + 1])
        elif "sent," in words:
            sent += 1
            assert states.get(state) == "live", line
    assert sent > 20
    assert left >= 3


def test_an_announced_shutdown_costs_no_gap(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.2) as exchange:
            trading = live.new_run(exchange)
            fault = ["server-shutdown@5:0.5"]
            report = await live.traded(exchange, trading, live.after_live(trading, exchange, fault, 250))
            assert report["session"]["shutdowns"] >= 1
            assert report["session"]["rolls"] == 1
            assert (symbol(report)["book"]["gaps"], symbol(report)["book"]["disconnected"]) == (0, 0)

    run(go())


def test_a_planned_roll_costs_no_gap(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.2) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, live={"roll_s": 1}))
            report = await live.traded(exchange, trading, lambda: trading.market_data.counters.rolls >= 2)
            assert report["session"]["rolls"] == 2
            assert (symbol(report)["book"]["gaps"], symbol(report)["book"]["disconnected"]) == (0, 0)
            assert symbol(report)["messages"]["repeated"] > 0 or symbol(report)["book"]["old"] > 0

    run(go())


def test_pings_that_cease_have_the_connection_replaced_without_a_gap(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        lines = exchanges.random_market(LONG)
        async with exchanges.opened(lines, "ping-silence@150:30", speed=0.2, ping_seconds=0.3) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, live={"ping_silence_ms": 700}))
            report = await live.traded(exchange, trading, lambda: trading.market_data.counters.rolls >= 1)
            assert report["session"]["ping_silences"] == 1
            assert symbol(report)["book"]["gaps"] == 0

    run(go())


def test_refused_snapshots_are_waited_out(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.2) as exchange:
            trading = live.new_run(exchange)
            faults = ["too-many-requests@5:0.5", "drop@7"]
            report = await live.traded(exchange, trading, live.after_live(trading, exchange, faults, 50))
            assert report["snapshots"]["refused"] == exchange.streams.refused >= 1
            assert symbol(report)["state"] == "live"

    run(go())


def test_an_unknown_execution_is_asked_about_and_not_sent_again(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        faults = [f"unknown-execution@{at}" for at in (2, 5, 9)]
        async with exchanges.opened(exchanges.random_market(LONG), *faults, speed=0.2) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, live={"order_entry": "fix"}))
            report = await live.traded(exchange, trading, lambda: trading.floor.desks[0].router.account.fills >= 15)
            assert exchange.script.happened == {"unknown-execution": 3}
            assert symbol(report)["orders"]["orders"] == exchange.entry.orders_received
            assert symbol(report)["orders"]["unknown"] == 0
            reconciled(report, exchange, "fix")

    run(go())


def test_orders_whose_session_broke_are_asked_about_when_it_is_back(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.2) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, live={"order_entry": "fix"}))
            broken = 0

            def until() -> bool:
                nonlocal broken
                fills = trading.floor.desks[0].router.account.fills
                if broken < 3 and fills >= 5 * (broken + 1) and trading.gateway.connected:
                    trading.gateway._session._transport.abort()
                    broken += 1
                return fills >= 25

            report = await live.traded(exchange, trading, until)
            assert broken == 3
            assert report["orders_confirmed"]
            reconciled(report, exchange, "fix")

    run(go())


@BOTH
@pytest.mark.parametrize("source", ["OPERATOR", "SIGNAL", "LOSS", "STALE", "BREAKER", "SUPERVISOR"])
def test_the_kill_switch_stops_orders_cancels_all_and_ends_the_run(
    exchanges: Any, live: Any, run: Any, source: str, order_entry: str
) -> None:
    from lltool.kernels.kill_switch import KillSource
    from lltool.trading.live.run import monotonic_ns

    tables: dict[str, dict[str, Any]] = {
        "LOSS": {"risk": {"max_drawdown": "0.00000001", "max_burst": 100_000}},
        "STALE": {"kill": {"stale_ms": 300}},
        "BREAKER": {"paper": {"min_quantity": "5"}, "breaker": {"failures": 2}, "kill": {"breaker_openings": 1}},
        "SUPERVISOR": {"kill": {"supervisor_ms": 200}},
    }

    async def go() -> None:
        fault = ["silence@50:20"] if source == "STALE" else []
        refusing = {"min_quantity": 5 * exchanges.unit} if source == "BREAKER" else {}
        async with exchanges.opened(exchanges.random_market(LONG), *fault, speed=0.2, **refusing) as exchange:
            chosen = {**tables.get(source, {}), "live": {"order_entry": order_entry}}
            trading = live.new_run(exchange, live.configured(exchange.ports, **chosen))
            done = False

            def until() -> bool:
                nonlocal done
                if not done and trading.floor.desks[0].router.counters()["orders"] >= 5:
                    done = True
                    if source in {"OPERATOR", "SIGNAL"}:
                        trading.kill.trip(KillSource[source], monotonic_ns())
                    if source == "SUPERVISOR":
                        trading.kill.beat(monotonic_ns())
                return False

            report = await live.traded(exchange, trading, until)
            ended = ("signal", None) if source == "SIGNAL" else ("kill switch", source.lower())
            assert (report["ended"], report["kill_switch"]) == ended
            assert report["orders_confirmed"]
            assert symbol(report)["orders"]["live"] == 0
            orders = symbol(report)["orders"]["orders"]
            received = exchange.entry.orders_received
            for _, message in exchange.lines[-200:]:
                exchange.step(message)
                trading._on_payload(message)
            await asyncio.sleep(0.05)
            assert trading.floor.desks[0].router.counters()["orders"] == orders
            assert exchange.entry.orders_received == received == (orders if order_entry == "fix" else 0)
            reconciled(report, exchange, order_entry)

    run(go())


def test_several_symbols_have_a_book_each_and_trade_by_themselves(exchanges: Any, live: Any, run: Any) -> None:
    def lines() -> list[tuple[int, bytes]]:
        one = exchanges.random_market(LONG)
        other = [
            (at_ns, message.replace(b"BTCUSDT", b"ETHUSDT")) for at_ns, message in exchanges.random_market(LONG, seed=2)
        ]
        named = [
            (at_ns, b'{"stream":"%b@depth","data":%b}' % (symbol, message))
            for symbol, (at_ns, message) in ((b"btcusdt", one[0]), (b"ethusdt", other[0]))
        ]
        return named + sorted(one[1:] + other[1:], key=lambda line: line[0])

    async def go() -> None:
        symbols = ["BTCUSDT", "ETHUSDT"]
        async with exchanges.opened(lines(), speed=0.2, symbols=symbols) as exchange:
            configuration = live.configured(exchange.ports, market={"symbols": symbols})
            trading = live.new_run(exchange, configuration)
            first = live.after_live(trading, exchange, ["drop@5"], 300)

            def until() -> bool:
                accounts = [desk.router.account for desk in trading.floor.desks]
                states = {desk.sync.state.name for desk in trading.floor.desks}
                return first() and states == {"LIVE"} and min(account.fills for account in accounts) >= 5

            report = await live.traded(exchange, trading, until)
            assert set(report["symbols"]) == set(symbols)
            for one in report["symbols"].values():
                assert one["account"] == one["exchange_account"]
                assert one["account"]["fills"] >= 5
                assert one["state"] == "live"
            # One symbol's gap leaves the other one's book alone.
            assert sorted(one["book"]["gaps"] for one in report["symbols"].values()) == [0, 1]
            assert report["session"]["connections"] == 1

    run(go())


def test_statistics_are_told_every_so_many_ticks(exchanges: Any, live: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(LONG), speed=0.3) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, pipeline={"statistics_every": 100}))
            report = await live.traded(exchange, trading, lambda: len(trading.statistics) >= 3)
            told = [line for line in trading.said if "tick to update" in line]
            assert len(told) == len(report["statistics"]) >= 3
            assert report["statistics"][0]["tick_to_update_ticks"]["n"] > 50

    run(go())


def test_an_order_that_comes_of_a_snapshot_is_sent_as_any_other(exchanges: Any, live: Any, run: Any) -> None:
    """What was kept behind a snapshot makes the book live, and the strategy is asked then."""

    async def go() -> list[int]:
        async with exchanges.opened(exchanges.random_market(1)) as exchange:
            trading = live.new_run(exchange, live.configured(exchange.ports, live={"order_entry": "fix"}))
            sent: list[int] = []
            trading.gateway.send = lambda desk, now_ns: sent.append(desk.out[0])

            async def fetched(*_: Any) -> bytes:
                return b'{"lastUpdateId":10,"bids":[["60000.00","5"]],"asks":[["60001.00","5"]]}'

            trading.snapshots.fetch = fetched
            trading._on_connected()
            trading._on_payload(b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":11,"u":11,"b":[["60000.00","4"]],"a":[]}')
            assert sent == []
            await trading._fetch(trading.symbols[0])
            return sent

    assert len(run(go())) == 1
