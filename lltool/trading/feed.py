"""Market data as packed 29-byte messages with the time at which each is due: recorded, or made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lltool.errors import InvalidInput
from lltool.trading.recording import Recording, read_recording
from lltool.trading.replay import instruments_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS = 1000
_MIDDLE = 6_180_000
_TICK = 1_000_000
_SEED = 591


@dataclass(frozen=True, slots=True)
class PackedFeed:
    """``opening`` builds the book; message ``i`` of ``messages`` is due ``offsets_ns[i]`` after the start."""

    source: str
    opening: bytes
    messages: bytes
    offsets_ns: Sequence[int]


def _packed(sides: NDArray[Any], prices: NDArray[Any], quantities: NDArray[Any]) -> bytes:
    import numpy as np

    from lltool.kernels.message import QUOTE
    from lltool.kernels.pipeline import ASK_BIT

    packed = np.zeros(
        len(sides),
        [("type", "u1"), ("symbol_id", "<u4"), ("price", "<i8"), ("quantity", "<u8"), ("timestamp_ns", "<u8")],
    )
    packed["type"] = QUOTE
    packed["symbol_id"] = np.where(sides == 1, 1 | ASK_BIT, 1)
    packed["price"] = prices
    packed["quantity"] = quantities
    text: bytes = packed.tobytes()
    return text


def synthetic_feed(count: int, hz: float) -> PackedFeed:
    """A book of 1,000 levels a side; ``count`` changes near its best, evenly at ``hz``; the same in every run."""
    import numpy as np

    source = np.random.default_rng(_SEED)
    levels = np.arange(1, _LEVELS + 1)
    opening = _packed(
        np.repeat([0, 1], _LEVELS),
        (_MIDDLE + np.concatenate([-levels, levels])) * _TICK,
        np.full(2 * _LEVELS, 100_000_000),
    )
    sides = source.integers(0, 2, count)
    distance = np.minimum(source.geometric(0.05, count), _LEVELS)
    prices = (_MIDDLE + np.where(sides == 0, -distance, distance)) * _TICK
    quantities = source.integers(1, 10_000, count) * 100_000
    offsets = (np.arange(count) * (1e9 / hz)).astype(np.int64)
    return PackedFeed("synthetic", opening, _packed(sides, prices, quantities), offsets.tolist())


def recorded_feed(path: str, window_ns: int) -> PackedFeed:
    """The changes of depth in the busiest ``window_ns`` of a recording, and its first instrument's book before them.

    Raises InvalidInput for a recording that has no local times, or no snapshot before that window.
    """
    import numpy as np

    from lltool.kernels.binance_json import DEPTH
    from lltool.kernels.sync import BookSync, State, follow

    recording = read_recording(path)
    if not len(recording.local_ns):
        raise InvalidInput(f"recording {path} cannot be paced", ["its lines have no local times"])
    instruments, which = instruments_of(recording)
    depth = np.flatnonzero((which == 0) & (recording.events["kind"] == DEPTH))
    begin, end = _busiest(recording, depth, window_ns)
    book = BookSync(instruments[0].market)
    book.connect(0)
    outcomes = np.zeros(len(recording.events), np.uint8)
    from lltool.kernels.l2_book import QUOTE

    quotes = np.zeros(len(recording.events), QUOTE)
    times = np.ascontiguousarray(recording.local_ns)
    own = np.zeros(len(which), np.uint8)
    first = int(depth[begin])
    kept = recording.events.copy()
    kept["kind"][which != 0] = 0
    follow([book], own, kept, recording.levels, times, outcomes, quotes, 0, first)
    if book.state is not State.LIVE:
        raise InvalidInput(f"recording {path} cannot be used", ["its busiest part has no book before it"])
    bids, asks = book.levels()
    opening = _packed(
        np.repeat([0, 1], [len(bids), len(asks)]),
        np.concatenate([bids["price"], asks["price"]]),
        np.concatenate([bids["quantity"], asks["quantity"]]),
    )
    return _changes(recording, depth[begin:end], opening)


def _busiest(recording: Recording, depth: NDArray[Any], window_ns: int) -> tuple[int, int]:
    import numpy as np

    times = recording.local_ns[depth]
    ends = np.searchsorted(times, times + window_ns)
    changes = np.concatenate([[0], np.cumsum(recording.events["bids"][depth] + recording.events["asks"][depth])])
    # Not from the very start: the book comes from what is before it.
    busy = (changes[ends] - changes[:-1]).astype(np.int64)
    busy[: len(busy) // 20] = 0
    begin = int(busy.argmax())
    return begin, int(ends[begin])


def _changes(recording: Recording, depth: NDArray[Any], opening: bytes) -> PackedFeed:
    import numpy as np

    events = recording.events[depth]
    counts = (events["bids"] + events["asks"]).astype(np.int64)
    starts = np.repeat(events["first_level"].astype(np.int64), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    levels = recording.levels[starts + within]
    sides = (within >= np.repeat(events["bids"].astype(np.int64), counts)).astype(np.int64)
    offsets = np.repeat(recording.local_ns[depth] - recording.local_ns[depth[0]], counts)
    messages = _packed(sides, levels["price"], levels["quantity"])
    return PackedFeed(recording.path, opening, messages, np.maximum.accumulate(offsets).tolist())
