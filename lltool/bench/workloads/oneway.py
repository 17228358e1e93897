"""Messages one way over the loopback on a fixed schedule, and where on their way the time went."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lltool.bench.peer import peer_thread
from lltool.bench.quantiles import rank
from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.bench.workloads.tcp import connected_pair, udp_pair
from lltool.kernels.clock import bracket, calibrate
from lltool.kernels.loops import oneway as loop
from lltool.kernels.recorder import Recorder
from lltool.trading.kernel_stamps import RECEIVE, stamp

PERIOD_NS = 100_000
WARM_MESSAGES = 200
"""Also the time that the kernel takes to begin stamping, which it does in the background."""
CALIBRATION_SECONDS = 0.005

SHOWN = {"p50": Fraction(1, 2), "p99": Fraction(99, 100)}


def tcp(cores: Sequence[int], effort: Effort) -> Measurement:
    """TCP with TCP_NODELAY off, as sockets come."""
    sender, receiver, _ = connected_pair(())
    return _measure(cores, effort, sender, receiver)


def udp(cores: Sequence[int], effort: Effort) -> Measurement:
    """UDP between connected sockets."""
    sender, receiver = udp_pair()
    return _measure(cores, effort, sender, receiver)


def _measure(cores: Sequence[int], effort: Effort, sender: socket.socket, receiver: socket.socket) -> Measurement:
    with sender, receiver:
        if len(cores) < 2:
            raise NotApplicable("the sender spins until each message is due: it needs a core of its own")
        stamp(receiver, RECEIVE)  # where it is refused the notes say that there were none
        hz, _ = calibrate(CALIBRATION_SECONDS)
        messages = min(effort.samples, round(effort.seconds * 1e9 / PERIOD_NS))
        total = WARM_MESSAGES + messages
        intended, received, stamped = Recorder(total), Recorder(total), Recorder(total)

        def send() -> None:
            try:
                loop.send_scheduled(sender.fileno(), total, round(PERIOD_NS * hz / 1e9))
            finally:
                # Ends the receiver's wait for datagrams that were lost; what has come is still delivered.
                receiver.shutdown(socket.SHUT_RD)

        before = bracket(time.CLOCK_REALTIME)
        with peer_thread(cores[1], send, lambda: None):
            loop.receive_stamped(receiver.fileno(), total, intended, received, stamped)
        after = bracket(time.CLOCK_REALTIME)
    latencies = Recorder(messages)
    meant, there, stamps = (one.ticks()[WARM_MESSAGES:] for one in (intended, received, stamped))
    for due, arrived in zip(meant, there, strict=True):
        latencies.record(arrived - due)
    split = split_at_stamp(meant, there, stamps, first=before[:2], last=after[:2])
    return Measurement(
        samples=histogram(latencies),
        notes={"period_ns": PERIOD_NS, "messages": messages, "lost_messages": total - received.count, **split},
    )


def split_at_stamp(
    intended: Sequence[int],
    received: Sequence[int],
    stamps: Sequence[int],
    *,
    first: tuple[int, int],
    last: tuple[int, int],
) -> dict[str, Any]:
    """The way to the kernel's stamp and the way from it to the program, in nanoseconds at p50 and p99.

    ``intended`` and ``received`` are ticks, ``stamps`` nanoseconds of CLOCK_REALTIME (0: none); ``first`` and ``last``
    pair a tick with that clock before and after. Without stamps it says so.
    """
    scale = (last[1] - first[1]) / (last[0] - first[0])

    def real_ns(tick: int) -> float:
        return first[1] + (tick - first[0]) * scale

    stamped = [(meant, there, stamp) for meant, there, stamp in zip(intended, received, stamps, strict=True) if stamp]
    if not stamped:
        return {"kernel_stamp": "the kernel put none on these messages"}
    ways = {
        "to_kernel_stamp": [stamp - real_ns(meant) for meant, _, stamp in stamped],
        "from_kernel_stamp": [real_ns(there) - stamp for _, there, stamp in stamped],
    }
    found: dict[str, Any] = {"stamped": len(stamped)}
    for name, lengths in ways.items():
        ordered = sorted(lengths)
        for metric, q in SHOWN.items():
            found[f"{name}_{metric}_ns"] = round(ordered[rank(q, len(ordered)) - 1])
    return found
