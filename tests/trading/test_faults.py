"""Every kind of fault at random places of recorded markets, in JSON and in SBE, through a desk that trades.

Each is noticed at the next event, nothing is traded until a snapshot has healed the book, and the book is the
undisturbed one then. CI makes each kind happen at some places; ``LLTOOL_FAULT_PLACES=200`` (or any number) at more.
"""

from __future__ import annotations

import gzip
import os
import random
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")

from lltool.kernels.binance_json import FUTURES, SPOT, Parser
from lltool.kernels.desk import Floor, Outcome, new_log
from lltool.kernels.kill_switch import KillSwitch
from lltool.kernels.sync import BookSync, State
from lltool.trading.configuration import Configuration
from lltool.trading.floor import new_floor
from lltool.trading.sbe import encode

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance"
PLACES = int(os.environ.get("LLTOOL_FAULT_PLACES", "20"))
KEPT = 3
"""Events between a fault and the snapshot that heals it."""

STEP_NS = 100_000_000
SILENCE_NS = 4_000_000_000

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared")


@cache
def messages(name: str) -> tuple[bytes, list[bytes]]:
    """The recorded snapshot, and the depth events that are not older."""
    lines = gzip.decompress((RECORDINGS / f"{name}-btcusdt-20240808.gz").read_bytes()).splitlines()
    payloads = [line.partition(b" ")[2] for line in lines]
    payloads = [each[each.index(b'"data":') + 7 : -1] if each.startswith(b'{"stream"') else each for each in payloads]
    (snapshot,) = (each for each in payloads if each.startswith(b'{"lastUpdateId"'))
    parser = Parser()
    last = parser.parse(snapshot).last_update_id
    depth = [each for each in payloads if each.startswith(b'{"e":"depthUpdate"')]
    return snapshot, [each for each in depth if parser.parse(each).last_update_id > last]


def decimal(value: int) -> bytes:
    return b"%d.%08d" % divmod(value, 10**8)


class Followed:
    """A desk on a market beside the undisturbed book of it."""

    def __init__(self, market: int, *, binary: bool) -> None:
        wide = {"max_burst": 1_000_000, "max_orders": 1_000_000, "duplicate_window_ms": 0, "max_open_orders": 1000}
        configuration = Configuration.model_validate({"risk": wide})
        log = new_log(1 << 10)
        self.floor: Floor = new_floor(configuration, [("BTCUSDT", market)], kill=KillSwitch(), log=log, epoch=1)
        (self.desk,) = self.floor.desks
        self.truth = BookSync(market)
        self.parser, self.binary, self.now_ns = Parser(), binary, 0
        self.truth.connect(0)
        self.desk.connect(0)

    @property
    def orders(self) -> int:
        return self.desk.router.counters()["orders"]

    def happens(self, message: bytes) -> None:
        """In the market, whether or not the desk hears of it."""
        self.truth.take(self.parser.parse(message), 0)

    def hears(self, message: bytes, *, cut: bool = False) -> Outcome:
        self.now_ns += STEP_NS
        if self.binary and not message.startswith(b'{"lastUpdateId"'):
            payload = encode(self.parser.parse(message))
            return self.floor.take_sbe(payload[: len(payload) // 2] if cut else payload, self.now_ns)[1]
        return self.floor.take(message[: len(message) // 2] if cut else message, self.now_ns)[1]

    def snapshot(self) -> bytes:
        """The undisturbed book as the exchange answers a depth request, with all its levels."""
        sides = [
            b",".join(b'["%b","%b"]' % (decimal(price), decimal(quantity)) for price, quantity in side.tolist())
            for side in self.truth.levels()
        ]
        return b'{"lastUpdateId":%d,"bids":[%b],"asks":[%b]}' % (self.truth.update_id, *sides)

    def is_blocked(self) -> bool:
        return self.desk.sync.state is not State.LIVE and not self.desk.router.live

    def is_the_undisturbed_one(self) -> bool:
        mine, theirs = self.desk.sync.levels(), self.truth.levels()
        return (
            self.desk.sync.update_id == self.truth.update_id
            and self.desk.sync.state is State.LIVE
            and all((one == other).all() for one, other in zip(mine, theirs, strict=True))
        )


def break_it(followed: Followed, kind: str, first: bytes, second: bytes) -> None:
    """Let ``kind`` happen to ``first``, and the market go on with ``second``."""
    for message in (first, second):
        followed.happens(message)
    if kind == "drop":
        followed.hears(second)
    elif kind == "reorder":
        followed.hears(second)
        assert followed.is_blocked()
        followed.hears(first)
    elif kind == "cut":
        assert followed.hears(first, cut=True) is Outcome.REFUSED
        assert followed.is_blocked()
        followed.hears(second)
    elif kind == "silence":
        followed.now_ns += SILENCE_NS
        followed.desk.look(followed.now_ns)
        assert followed.desk.sync.state is State.STALE
        assert followed.is_blocked()
        followed.desk.invalidate(followed.now_ns)
        followed.hears(first)
        followed.hears(second)
    elif kind == "disconnect":
        followed.desk.disconnect(followed.now_ns)
        assert followed.is_blocked()
        followed.desk.connect(followed.now_ns)
        followed.hears(second)


FORMS = pytest.mark.parametrize(
    ("name", "market", "binary"), [("spot", SPOT, False), ("spot", SPOT, True), ("usdm", FUTURES, False)]
)


@pytest.mark.parametrize("kind", ["drop", "reorder", "cut", "silence", "disconnect"])
@FORMS
def test_a_fault_is_noticed_at_once_blocks_trading_and_heals(name: str, market: int, binary: bool, kind: str) -> None:
    snapshot, events = messages(name)
    source = random.Random(kind + name)  # noqa: S311 - a test, not a secret
    room = KEPT + 4
    places = {place * room for place in source.sample(range(1, len(events) // room - 1), PLACES)}
    followed = Followed(market, binary=binary)
    for one in (snapshot, events[0]):
        followed.happens(one)
        followed.hears(one)
    at, healed = 1, 0
    while at < len(events):
        if at not in places:
            followed.happens(events[at])
            followed.hears(events[at])
            at += 1
            continue
        before = followed.orders
        break_it(followed, kind, events[at], events[at + 1])
        assert followed.is_blocked()
        for message in events[at + 2 : at + 2 + KEPT]:
            followed.happens(message)
            followed.hears(message)
        assert followed.is_blocked()
        assert followed.orders == before
        healed += 1
        # The last event that was kept has followed the snapshot of the one before it.
        followed.hears(followed.snapshot())
        at += 2 + KEPT
        followed.happens(events[at])
        followed.hears(events[at])
        at += 1
        assert followed.is_the_undisturbed_one()
    assert healed == PLACES
    assert followed.desk.sync.counts["resyncs"] == PLACES
    assert followed.orders > 0


@FORMS
def test_what_comes_twice_changes_nothing(name: str, market: int, binary: bool) -> None:
    snapshot, events = messages(name)
    source = random.Random(name)  # noqa: S311 - a test, not a secret
    twice = set(source.sample(range(len(events)), PLACES))
    followed = Followed(market, binary=binary)
    followed.hears(snapshot)
    followed.happens(snapshot)
    for at, message in enumerate(events):
        followed.happens(message)
        followed.hears(message)
        if at in twice:
            before = followed.orders
            followed.hears(message)
            assert followed.orders == before
    assert followed.is_the_undisturbed_one()
    assert followed.desk.sync.counts["old"] >= PLACES
    assert followed.desk.sync.counts["gaps"] == 0
