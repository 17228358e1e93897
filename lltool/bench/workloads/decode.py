"""Decoding messages as an exchange sends them: depth updates in JSON and SBE, orders in FIX."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.bothmodes import measure_checked
from lltool.kernels.fix import DECIMAL, INTEGER, TEXT, Template
from lltool.kernels.loops.decode import FIX, JSON, SBE, Messages

MESSAGES = 512
LEVELS = 5
SEED = 542

Levels = list[tuple[int, int]]


def json_depth(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A depth update of 5 + 5 levels, about 420 bytes, to fixed point."""
    return _decode(Messages([json_text(*update) for update in depth_updates()], JSON), effort)


def sbe_depth(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The same updates in SBE."""
    return _decode(Messages([sbe_text(*update) for update in depth_updates()], SBE), effort)


def fix_order(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A new order of 17 fields: framed, length and sum verified, price and quantity converted."""
    return _decode(Messages(orders(), FIX), effort)


def _decode(messages: Messages, effort: Effort) -> Measurement:
    return measure_checked(effort, messages, {"messages": len(messages), "path": messages.path})


def depth_updates() -> list[tuple[int, Levels, Levels]]:
    """``(first update id, bids, asks)``, prices in cents and quantities in 1e-5, the same in every run."""
    source = random.Random(SEED)  # noqa: S311 - a workload, not a secret

    def side() -> Levels:
        return [(source.randrange(6_100_000, 6_200_000), source.randrange(1_000_000)) for _ in range(LEVELS)]

    return [(50093239203 + 6 * number, side(), side()) for number in range(MESSAGES)]


def json_text(first: int, bids: Levels, asks: Levels) -> bytes:
    """A depth update as the spot market's JSON."""

    def text(levels: Levels) -> str:
        return ",".join(
            f'["{price // 100}.{price % 100:02}000000","{quantity // 100_000}.{quantity % 100_000:05}000"]'
            for price, quantity in levels
        )

    return (
        f'{{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":{first},"u":{first + 5},'
        f'"b":[{text(bids)}],"a":[{text(asks)}]}}'
    ).encode()


def sbe_text(first: int, bids: Levels, asks: Levels) -> bytes:
    """The same in SBE."""
    root = struct.pack("<qqqbb", 1723161255308000, first, first + 5, -2, -5)
    groups = b"".join(
        struct.pack("<HH", 16, len(side)) + b"".join(struct.pack("<qq", *level) for level in side)
        for side in (bids, asks)
    )
    return struct.pack("<HHHH", len(root), 10003, 1, 0) + root + groups + b"\x07BTCUSDT"


ORDER: dict[int, bytes | int | None] = {
    35: b"D", 49: b"CLIENT12", 56: b"EXCHANGE", 34: INTEGER, 52: TEXT, 11: TEXT, 1: b"ACCOUNT7", 55: b"BTCUSDT",
    54: TEXT, 60: TEXT, 38: DECIMAL, 40: b"2", 44: DECIMAL, 59: b"1",
}  # fmt: skip
"""A new order's fields in order; what differs from order to order is a slot."""


def order_values() -> list[tuple[int | bytes, ...]]:
    """The values of the slots of new orders, the same in every run."""
    source = random.Random(SEED)  # noqa: S311 - a workload, not a secret
    stamp = b"20240627-11:17:25.%03d"
    return [
        (
            100 + number,
            stamp % (number % 1000),
            b"ORDER%08d" % source.randrange(10**8),
            b"%d" % source.randint(1, 2),
            stamp % (number % 1000),
            source.randrange(1, 20 * 100_000) * 1000,
            source.randrange(61_000 * 100, 62_000 * 100) * 1_000_000,
        )
        for number in range(MESSAGES)
    ]


def orders() -> list[bytes]:
    """New orders in FIX 4.4, the same in every run."""
    form = Template(ORDER.items())
    return [form.build(*values) for values in order_values()]
