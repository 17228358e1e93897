"""A recording through the books, and what the market itself says about them.

The exchange publishes the best levels (``bookTicker``) in the same sequence as the changes of depth. After each depth
event the best levels of the book must therefore be those of the last best quote that is not later than the event. That
quote may come later on the wire, so the comparison is made when all are read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lltool.errors import InvalidInput
from lltool.trading.paper_replay import MARKETS, PaperReplay
from lltool.trading.recording import Recording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lltool.kernels.sync import BookSync

SCHEMA = "lltool.replay/1"

_CHUNK = 4096
"""Events between two looks at the progress when nothing is waited for."""

_MOST_INSTRUMENTS = 255
_BEST = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")


@dataclass(frozen=True, slots=True)
class Instrument:
    """One book of a recording. ``market`` is SPOT or FUTURES of :mod:`lltool.kernels.binance_json`."""

    symbol: str
    market: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one instrument's events: counts, the book at the end, and the state it is in."""

    instrument: Instrument
    depth_events: int
    checked: int
    mismatched: int
    crossed: int
    gaps: int
    resyncs: int
    duplicates: int
    state: str
    book: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of each event: ``own`` are those of one instrument, ``quotes`` the best levels after it."""

    own: NDArray[np.bool_]
    events: NDArray[np.void]
    outcomes: NDArray[np.uint8]
    quotes: NDArray[np.void]


def replay(
    recording: Recording,
    *,
    speed: float | None = None,
    progress: Callable[[int], None] | None = None,
    trading: PaperReplay | None = None,
) -> tuple[Replayed, ...]:
    """Take every event of ``recording`` into the book of its instrument, in order.

    ``speed`` 1 keeps the distances of the recorded local times, 2 halves them; None waits for nothing. ``progress``
    hears how many events are done. ``trading`` is given the same events, on books of its own.
    """
    import numpy as np

    from lltool.kernels.l2_book import QUOTE
    from lltool.kernels.sync import BookSync, follow

    instruments, which = instruments_of(recording)
    times_ns = _times(recording)
    books = [BookSync(one.market) for one in instruments]
    for book in books:
        book.connect(int(times_ns[0]) if len(times_ns) else 0)
    if trading is not None:
        trading.begin(recording, [(one.symbol, one.market) for one in instruments], which, times_ns)
    outcomes = np.full(len(recording.events), 255, np.uint8)
    quotes = np.zeros(len(recording.events), QUOTE)
    done = 0
    for end in _ends(times_ns, speed):
        follow(books, which, recording.events, recording.levels, times_ns, outcomes, quotes, done, end)
        if trading is not None:
            trading.follow(done, end)
        done = end
        if progress is not None:
            progress(done)
    if trading is not None:
        trading.end()
    return tuple(
        _result(one, book, Fate(which == number, recording.events, outcomes, quotes))
        for number, (one, book) in enumerate(zip(instruments, books, strict=True))
    )


def _ends(times_ns: NDArray[np.int64], speed: float | None) -> Any:
    """Where each stretch of events ends; yields when its events are due."""
    import numpy as np

    if speed is None:
        yield from range(_CHUNK, len(times_ns), _CHUNK)
        yield len(times_ns)
        return
    # A clock that was set back does not send events back.
    due_ns = (np.maximum.accumulate(times_ns) - times_ns[0]) / speed
    started_ns = time.monotonic_ns()
    done = 0
    while done < len(due_ns):
        passed_ns = time.monotonic_ns() - started_ns
        end = int(np.searchsorted(due_ns, passed_ns, side="right"))
        if end > done:
            done = end
            yield done
        else:
            time.sleep((due_ns[done] - passed_ns) / 1e9)


def _times(recording: Recording) -> NDArray[np.int64]:
    """The receiver's clock at each event; the exchange's where the recording has none."""
    import numpy as np

    if len(recording.local_ns):
        return np.ascontiguousarray(recording.local_ns)
    sent_us = np.where(recording.events["event_us"] != 0, recording.events["event_us"], 0)
    return np.maximum.accumulate(sent_us * 1000).astype(np.int64)


def instruments_of(recording: Recording) -> tuple[tuple[Instrument, ...], NDArray[np.uint8]]:
    """The instruments in the order in which they appear, and the number of each event's instrument.

    A snapshot names none: it belongs to the instrument whose updates it fits into. Raises InvalidInput for a recording
    that holds none, or more than there are numbers for.
    """
    import numpy as np

    from lltool.kernels.binance_json import SNAPSHOT

    events = recording.events
    named = np.flatnonzero(events["kind"] != SNAPSHOT)
    keys = np.char.add(events["symbol"][named], np.where(events["market"][named] == 1, b"/1", b"/2"))
    found, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
    if not 0 < len(found) <= _MOST_INSTRUMENTS:
        raise InvalidInput(
            f"recording {recording.path} cannot be replayed",
            [f"it holds {len(found)} instruments: between 1 and {_MOST_INSTRUMENTS} are wanted"],
        )
    order = np.argsort(first)
    place = np.empty(len(order), np.uint8)
    place[order] = np.arange(len(order))
    which = np.zeros(len(events), np.uint8)
    which[named] = place[numbers]
    instruments = tuple(
        Instrument(found[number][:-2].decode(), int(events["market"][named[first[number]]])) for number in order
    )
    for at in np.flatnonzero(events["kind"] == SNAPSHOT):
        which[at] = _owner(events, which, int(at), instruments)
    return instruments, which


def _owner(events: NDArray[np.void], which: NDArray[np.uint8], at: int, instruments: tuple[Instrument, ...]) -> int:
    import numpy as np

    from lltool.kernels.binance_json import DEPTH

    if len(instruments) < 2:
        return 0
    update_id = int(events["last_update_id"][at])
    distances = []
    for number, one in enumerate(instruments):
        own = events[(events["kind"] == DEPTH) & (which == number)]
        gaps = np.maximum(
            own["first_update_id"].astype(np.int64) - update_id, update_id - own["last_update_id"].astype(np.int64)
        )
        same_market = one.market == int(events["market"][at])
        distances.append((not same_market, max(int(gaps.min()), 0) if len(gaps) else 2**63))
    return distances.index(min(distances))


def _result(instrument: Instrument, book: BookSync, fate: Fate) -> Replayed:
    from lltool.kernels.sync import Outcome

    checked, mismatched = compare(fate)
    outcomes = fate.outcomes[fate.own]
    counts = book.counts
    return Replayed(
        instrument,
        depth_events=counts["applied"],
        checked=checked,
        mismatched=mismatched,
        crossed=int((outcomes == Outcome.CROSSED).sum()),
        gaps=counts["gaps"],
        resyncs=counts["resyncs"],
        duplicates=int((outcomes == Outcome.OLD).sum()),
        state=book.state.name,
        book=book_document(book),
    )


def compare(fate: Fate) -> tuple[int, int]:
    """How many depth events in the book could be compared with a best quote, and how many differ from it."""
    import numpy as np

    from lltool.kernels.binance_json import DEPTH, TICKER
    from lltool.kernels.sync import Outcome

    events = fate.events
    said = events[fate.own & (events["kind"] == TICKER)]
    said = said[np.argsort(said["last_update_id"], kind="stable")]
    in_book = (fate.outcomes == Outcome.APPLIED) | (fate.outcomes == Outcome.CROSSED)
    after = fate.quotes[fate.own & in_book & (events["kind"] == DEPTH)]
    last = np.searchsorted(said["last_update_id"], after["sequence"], side="right")
    after, last = after[last > 0], last[last > 0] - 1
    differs = after["sides"] != 3
    for name in _BEST:
        differs |= after[name].astype(np.int64) != said[name][last]
    return len(after), int(differs.sum())


def book_document(book: BookSync) -> dict[str, Any]:
    """The book as the document shows it: best levels, numbers of levels, and a hash of all of them."""
    sides = [[(int(price), int(quantity)) for price, quantity in side] for side in book.levels()]
    text = "|".join(";".join(f"{price}:{quantity}" for price, quantity in side) for side in sides)
    return {
        "u": book.update_id,
        "best_bid": list(sides[0][0]) if sides[0] else None,
        "best_ask": list(sides[1][0]) if sides[1] else None,
        "levels": [len(side) for side in sides],
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def clock_offset(recording: Recording) -> dict[str, int] | None:
    """Receiver's clock minus the exchange's at each depth event and trade, in nanoseconds; None without local times.

    Way and clocks are in it together, and nothing bounds how far the clocks stand apart: it is not a latency.
    """
    import numpy as np

    sent = recording.events["event_us"] != 0
    if not len(recording.local_ns) or not sent.any():
        return None
    offsets = np.sort(recording.local_ns[sent] - recording.events["event_us"][sent] * 1000)
    return {
        "p50_ns": int(offsets[(len(offsets) - 1) // 2]),
        "smallest_ns": int(offsets[0]),
        "largest_ns": int(offsets[-1]),
        "events": len(offsets),
    }


def document(
    recording: Recording, replayed: tuple[Replayed, ...], trading: PaperReplay | None = None
) -> dict[str, Any]:
    """The document of `lltool trade replay --json`: sums, the first instrument's book, each instrument, trading."""
    sums = {
        name: sum(getattr(one, name) for one in replayed)
        for name in ("depth_events", "checked", "mismatched", "crossed", "gaps", "resyncs", "duplicates")
    }
    return {
        "schema": SCHEMA,
        "recording": recording.path,
        "events": recording.lines,
        "unused": recording.unused,
        **sums,
        "book": replayed[0].book if replayed else None,
        "instruments": [
            {
                "symbol": one.instrument.symbol,
                "market": MARKETS[one.instrument.market],
                **{name: getattr(one, name) for name in (*sums, "state", "book")},
            }
            for one in replayed
        ],
        "clock_offset": clock_offset(recording),
        "trading": None if trading is None else trading.document(),
    }
