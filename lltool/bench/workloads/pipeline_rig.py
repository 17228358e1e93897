"""A pipeline between a market that sends on a schedule and an exchange that takes orders, over loopback sockets."""

from __future__ import annotations

import socket
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from lltool.bench.peer import peer_thread
from lltool.bench.workload import NotApplicable
from lltool.bench.workloads.tcp import connected_pair, udp_pair
from lltool.kernels.clock import calibrate, ticks
from lltool.kernels.loops.feed import send_scheduled
from lltool.kernels.shutdown import ShutdownToken
from lltool.trading.kernel_stamps import RECEIVE, TRANSMIT, stamp

if TYPE_CHECKING:
    from lltool.kernels.order_wire import OrderWire
    from lltool.kernels.pipeline import Pipeline
    from lltool.kernels.router import Router

HEAD_START_SECONDS = 0.03
"""Until the first tick is due: all threads must be there, and the kernel stamp packets."""
CALIBRATION_SECONDS = 0.005
RING_RECORDS = 4096
ON_ITS_WAY_SECONDS = 0.05
"""Behind the last datagram: what has not come by then is lost."""


class Layout(StrEnum):
    """Which stages share a thread, and so a core; the first named thread is the one on the measured core."""

    ONE = "run to completion"
    TWO = "trade | receive and transmit"
    THREE = "trade | receive | transmit"


OWN_CORES = {Layout.ONE: 1, Layout.TWO: 2, Layout.THREE: 3}


@dataclass(frozen=True, slots=True)
class Placement:
    """The core of each thread; ``shared`` is None, or says which thread the market shares a core with."""

    layout: Layout
    threads: tuple[int, ...]
    market: int
    shared: str | None

    @property
    def yields(self) -> bool:
        """Whether the last thread of the pipeline and the market must let each other run."""
        return self.shared is not None


def place(layout: Layout, cores: Sequence[int]) -> Placement:
    """Spread the threads over ``cores``: the market comes last, and shares the last core where it gets none.

    Run to completion does not share: the one thread would wait for the market. Raises NotApplicable for too few cores.
    """
    own = OWN_CORES[layout]
    if len(cores) < max(own, 2):
        raise NotApplicable(
            f"{layout}: {own} {'core' if own == 1 else 'cores'}, and the market "
            f"{'needs one of its own' if own == 1 else 'may share the last'}; {len(cores)} can be used"
        )
    threads = tuple(cores[:own])
    if len(cores) > own:
        return Placement(layout, threads, cores[own], None)
    name = layout.value.split(" | ")[-1]
    return Placement(layout, threads, threads[-1], f"core {threads[-1]}: {name}, and the market")


def wide_router(*, lot: int, tick: int) -> Router:
    """Limits so wide that every order on the grid of ``lot`` and ``tick`` (x 10^8) passes all checks."""
    from lltool.kernels.kill_switch import KillSwitch
    from lltool.kernels.risk import RiskCheck
    from lltool.kernels.router import Router

    wide = 2**60
    risk = RiskCheck(
        max_quantity=wide, lot=lot, tick=tick, band=wide, max_notional=2**120, max_long=wide, max_short=wide,
        max_open_orders=10, max_gross_notional=2**120, max_orders=50, rate_window_ns=0, max_age_ns=10**12,
    )  # fmt: skip
    return Router(
        risk, KillSwitch(), capacity=64, epoch=1, min_quantity=1, min_notional=0, max_loss=2**120,
        max_drawdown=2**120, duplicate_window_ns=0, max_burst=50, burst_window_ns=0, max_size_multiple=100,
        max_cancels_percent=100,
    )  # fmt: skip


def new_pipeline(wire: OrderWire | None = None) -> Pipeline:
    """One instrument, the chapter's strategy, every order passes all checks."""
    from lltool.kernels.pipeline import Pipeline
    from lltool.kernels.strategy import SpreadStrategy

    strategy = SpreadStrategy(threshold=100_000, quantity=100_000, tick=1_000_000)
    return Pipeline([wide_router(lot=1000, tick=1_000_000)], strategy, unanswered=True, wire=wire)


class Rig:
    """The pipeline of :func:`new_pipeline` with its sockets. Ticks come by TCP, or by UDP with ``datagrams``.

    Both sockets have the kernel's stamps switched on; :attr:`refused` says where it gives none. A context.
    """

    def __init__(
        self, placement: Placement, opening: bytes, *, wire: OrderWire | None = None, datagrams: bool = False
    ) -> None:
        self.placement = placement
        self.datagrams = datagrams
        self.hz, _ = calibrate(CALIBRATION_SECONDS)
        self.pipeline = new_pipeline(wire)
        self.pipeline.take(opening)
        self.refused: list[str] = []
        self._market, self._inside = udp_pair() if datagrams else connected_pair(())[:2]
        self._orders, self._exchange, _ = connected_pair(())
        if not datagrams:
            self._market.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._orders.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stamped = [self._stamp(self._inside, RECEIVE, "receive"), self._stamp(self._orders, TRANSMIT, "transmit")]
        self.pipeline.open_feed(self._inside.fileno(), stream=not datagrams, stamped=stamped[0])
        self.pipeline.open_orders(self._orders.fileno(), stamped=stamped[1])

    def _stamp(self, end: socket.socket, flags: int, name: str) -> bool:
        reason = stamp(end, flags)
        if reason is not None:
            self.refused.append(f"no {name} stamps: {reason}")
        return reason is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._market, self._inside, self._orders, self._exchange):
            end.close()

    def play(self, messages: bytes, offsets_ns: Sequence[int], factor: float = 1.0) -> float:
        """Send ``messages``, each ``offsets_ns / factor`` after the start; the rate in Hz at which they were taken.

        Afterwards the pipeline's spans and counts are those of these messages.
        """
        begin = ticks() + round(HEAD_START_SECONDS * self.hz)
        intended = array("Q", (begin + round(offset * self.hz / 1e9 / factor) for offset in offsets_ns))
        self.pipeline.expect(intended)

        # The end of a stream is seen behind what it held; nobody sees that of datagrams, of which some may be lost.
        token = ShutdownToken() if self.datagrams else None

        def end() -> None:
            if token is not None:
                token.request()
            with suppress(OSError):
                self._market.shutdown(socket.SHUT_WR)

        def send() -> None:
            try:
                send_scheduled(
                    self._market.fileno(), self._exchange.fileno(), messages, intended,
                    datagrams=self.datagrams, yields=self.placement.yields,
                )  # fmt: skip
            except BaseException:
                end()
                raise
            if token is not None:
                time.sleep(ON_ITS_WAY_SECONDS)
                token.request()

        with peer_thread(self.placement.market, send, end):
            self._run_stages(len(intended), token)
            took = ticks() - intended[0]
        return len(intended) * self.hz / took

    def _run_stages(self, limit: int, token: ShutdownToken | None) -> None:
        if self.placement.layout is Layout.ONE:
            self.pipeline.run(limit=limit, token=token)
            return
        from lltool.kernels.pipeline import ORDER_RECORD_SIZE, TICK_RECORD_SIZE
        from lltool.kernels.spsc import SpscRing

        to_trade, to_send = SpscRing(RING_RECORDS, TICK_RECORD_SIZE), SpscRing(RING_RECORDS, ORDER_RECORD_SIZE)
        yields = self.placement.yields
        parts: list[Callable[[], None]]
        if self.placement.layout is Layout.TWO:
            parts = [lambda: self.pipeline.gateway(to_trade, to_send, limit=limit, token=token, yields=yields)]
        else:
            parts = [
                lambda: self.pipeline.receive(to_trade, limit=limit, token=token),
                lambda: self.pipeline.transmit(to_send, yields=yields),
            ]
        with ExitStack() as threads:
            for core, part in zip(self.placement.threads[1:], parts, strict=True):
                threads.enter_context(peer_thread(core, part, lambda: None))
            self.pipeline.trade(to_trade, to_send)

    def notes(self) -> dict[str, Any]:
        """What every run tells: layout, counts, stages, and what the kernel's stamps are worth."""
        counts = self.pipeline.counts
        found: dict[str, Any] = {
            "layout": self.placement.layout.value,
            "orders": counts["orders"],
            "reads": counts["reads"],
            "order_form": self.pipeline.wire.form,
            "kernel_stamps": self._stamps_in_words(counts),
        }
        if self.placement.shared is not None:
            found["shared_core"] = self.placement.shared
        for note, percentile in (("stages_ns", 50), ("stages_p99_ns", 99)):
            found[note] = self.percentiles(percentile)
        return found

    def percentiles(self, percentile: float) -> dict[str, int]:
        """The percentile of each span that has values, in nanoseconds."""
        return {
            name: round(span.percentiles(percentile)[0] / self.hz * 1e9)
            for name, span in self.pipeline.spans.items()
            if len(span)
        }

    def _stamps_in_words(self, counts: dict[str, int]) -> str:
        if self.refused:
            return "; ".join(self.refused)
        what = "of each datagram" if self.datagrams else "of the last segment that a read took from"
        text = f"software, {what}; CLOCK_REALTIME on the cycle counter to {self.pipeline.stamp_error_ns:.0f} ns"
        missing = {"reads": counts["unstamped_reads"], "sends": counts["unstamped_sends"]}
        lacking = [f"{count} {name} without" for name, count in missing.items() if count]
        return "; ".join([text, *lacking])
