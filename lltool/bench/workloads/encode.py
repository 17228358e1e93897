"""What is written for the wire, and records of a declared layout read from it."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.bothmodes import measure_checked
from lltool.bench.workloads.decode import MESSAGES, ORDER, SEED, order_values
from lltool.kernels.codec import Layout
from lltool.kernels.fix import Template
from lltool.kernels.loops.encode import Orders
from lltool.kernels.loops.records import Records

ADD_ORDER = struct.Struct(">cHHIQcI8sIH")
ADD_ORDER_FIELDS = [
    ("type", "S1"), ("locate", ">u2"), ("tracking", ">u2"), ("timestamp", ">u4"), ("reference", ">u8"), ("side", "S1"),
    ("shares", ">u4"), ("stock", "S8"), ("price", ">u4"), ("attribution", ">u2"),
]  # fmt: skip
"""36 bytes as an exchange sends an added order: big endian, packed, not aligned."""


def fix_order(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A new order of 17 fields built from its template, values of it numbers and texts."""
    loop = Orders(Template(ORDER.items()), order_values())
    return measure_checked(effort, loop, {"messages": len(loop), "path": loop.path})


def layout(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A record of ten fields in a declared layout: its type checked, all fields into the host's byte order."""
    loop = Records(Layout(ADD_ORDER_FIELDS), add_orders())
    return measure_checked(effort, loop, {"records": len(loop), "record_bytes": ADD_ORDER.size})


def add_orders() -> bytes:
    """``MESSAGES`` added orders, the same in every run."""
    source = random.Random(SEED)  # noqa: S311 - a workload, not a secret
    return b"".join(
        ADD_ORDER.pack(
            b"A", source.randrange(1 << 16), 0, source.randrange(1 << 32), source.randrange(1 << 48),
            source.choice((b"B", b"S")), source.randrange(1, 10_000), b"AAPL    ", source.randrange(1 << 24), number,
        )
        for number in range(MESSAGES)
    )  # fmt: skip
