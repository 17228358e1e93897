"""A trading run against an exchange on one loop, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")
pytest.importorskip("picows", reason="needs picows")


def configured(ports: Any, **tables: dict[str, Any]) -> Any:
    """A configuration for the exchange on these ports, with short times and wide limits; ``tables`` change it."""
    from lltool.trading.configuration import Configuration

    base: dict[str, dict[str, Any]] = {
        "live": {
            "stream_url": f"ws://127.0.0.1:{ports.streams}/ws", "rest_url": f"http://127.0.0.1:{ports.streams}",
            "fix_port": ports.fix, "stale_warning_ms": 100, "stale_stop_ms": 200, "answer_ms": 200,
        },
        "risk": {"max_burst": 100_000, "max_orders": 100_000, "duplicate_window_ms": 0},
        "strategy": {"order_life_ms": 100},
        "paper": {"entry_latency_us": 200, "response_latency_us": 200},
        "kill": {"confirm_ms": 3000},
    }  # fmt: skip
    for name, table in tables.items():
        base[name] = {**base.get(name, {}), **table}
    return Configuration.model_validate(base)


class Live:
    """Runs of the trading system against ``exchange``."""

    configured = staticmethod(configured)

    @staticmethod
    def new_run(exchange: Any, configuration: Any = None, **changes: Any) -> Any:
        """A run that has not started; ``said`` collects what it tells."""
        from lltool.kernels.kill_switch import KillSwitch
        from lltool.kernels.shutdown import ShutdownToken
        from lltool.trading.live.run import TradingRun

        said: list[str] = []
        run = TradingRun(
            configuration or configured(exchange.ports),
            kill=changes.pop("kill", KillSwitch()),
            token=ShutdownToken(),
            tell=said.append,
            log_to=changes.pop("log_to", None),
            **changes,
        )
        run.said = said
        return run

    @staticmethod
    def after_live(run: Any, exchange: Any, faults: list[str], then: int) -> Callable[[], bool]:
        """A condition that has these faults (numbered from then on) happen once the book is live.

        It is reached ``then`` depth events later, when the book is live again.
        """
        from lltool.trading.exchange.faults import parse_faults

        started: list[int] = []

        def reached() -> bool:
            live = run.floor.desks[0].sync.state.name == "LIVE"
            count = exchange.streams.depth_events
            if live and not started:
                started.append(count)
                for fault in parse_faults(faults):
                    exchange.script._due.setdefault((False, count + fault.at), []).append(fault)
            return bool(started) and live and count > started[0] + then

        return reached

    @staticmethod
    async def traded(exchange: Any, run: Any, until: Callable[[], bool], seconds: float = 20.0) -> dict[str, Any]:
        """Let the exchange play and the run trade until ``until`` or the time is up, then stop; the report."""
        from lltool.trading.live.report import report_of

        trading = asyncio.ensure_future(run.run())
        playing: asyncio.Future[None] | None = None
        end = asyncio.get_running_loop().time() + seconds
        try:
            while not (trading.done() or until()) and asyncio.get_running_loop().time() < end:
                if playing is None and exchange.streams.subscribed.is_set():
                    playing = asyncio.ensure_future(exchange.play())
                await asyncio.sleep(0.005)
            run.token.request()
            await trading
        finally:
            for task in (trading, playing):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
        return report_of(run)


@pytest.fixture
def live() -> Live:
    return Live()
