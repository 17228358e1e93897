"""The book's sequence rules: whatever is lost, doubled, swapped or spoilt, a LIVE book is the exchange's."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sync = pytest.importorskip("lltool.kernels.sync", reason="needs the compiled kernels")
np = pytest.importorskip("numpy")

from lltool.kernels.binance_json import DEPTH, EVENT, FUTURES, LEVEL, SNAPSHOT, SPOT, Parser  # noqa: E402
from lltool.kernels.l2_book import QUOTE  # noqa: E402
from lltool.kernels.sync import BookSync, Outcome, State, follow  # noqa: E402

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance"
PLACES = 200


def run(book: BookSync, events: Any, levels: Any, pause: int = 0) -> tuple[Any, Any, Any]:
    """Outcomes and quotes at the end, and the outcomes as they were before the ``pause``-th event."""
    outcomes, quotes = np.full(len(events), 255, np.uint8), np.zeros(len(events), QUOTE)
    which, times = np.zeros(len(events), np.uint8), np.arange(len(events), dtype=np.int64)
    follow([book], which, events, levels, times, outcomes, quotes, 0, pause)
    paused = outcomes.copy()
    follow([book], which, events, levels, times, outcomes, quotes, pause, len(events))
    return outcomes, quotes, paused


def snapshot_event(update_id: int, bids: Any, asks: Any, first_level: int = 0) -> Any:
    event = np.zeros(1, EVENT)
    event["kind"] = SNAPSHOT
    event["last_update_id"] = update_id
    event["bids"], event["asks"], event["first_level"] = len(bids), len(asks), first_level
    return event


def connected(market: int, **options: int) -> BookSync:
    book = BookSync(market, **options)
    book.connect(0)
    return book


class Market:
    """The depth events of a recording, and the undisturbed book after each of them."""

    def __init__(self, name: str, market: int) -> None:
        from lltool.trading.recording import read_recording

        read = read_recording(str(RECORDINGS / name))
        self.market = market
        kept = read.events[(read.events["kind"] == DEPTH) | (read.events["kind"] == SNAPSHOT)]
        # The snapshot in front, where the buffer hides no event: each has its quote then.
        self.events = kept[np.argsort(kept["kind"] != SNAPSHOT, kind="stable")]
        self.levels = read.levels
        self.book = connected(market)
        outcomes, quotes, _ = run(self.book, self.events, self.levels)
        self.applied = np.flatnonzero(outcomes == Outcome.APPLIED)[1:].tolist()
        self.true_quotes = quotes[self.applied]

    def snapshots(self, places: list[int]) -> dict[int, tuple[int, Any, Any]]:
        """The undisturbed book behind each of ``places``, which are numbers of events."""
        book = connected(self.market)
        found = {}
        last = 0
        for place in sorted(set(places)):
            run(book, self.events[last : place + 1], self.levels)
            last = place + 1
            found[place] = (book.update_id, *book.levels())
        return found

    def with_snapshots(self, numbers: list[int], books: dict[int, tuple[int, Any, Any]]) -> tuple[Any, Any]:
        """The events of these numbers, each of ``books`` as a snapshot in front of the event at that place."""
        levels = [self.levels]
        parts = []
        done = 0
        for place, (update_id, bids, asks) in books.items():
            parts.append(self.events[numbers[done:place]])
            parts.append(snapshot_event(update_id, bids, asks, sum(map(len, levels))))
            levels += [bids.astype(LEVEL), asks.astype(LEVEL)]
            done = place
        return np.concatenate([*parts, self.events[numbers[done:]]]), np.concatenate(levels)


@pytest.fixture(scope="module", params=["spot", "usdm"])
def market(request: pytest.FixtureRequest) -> Market:
    if not RECORDINGS.is_dir():
        pytest.skip("needs the recordings in ../shared")
    return Market(f"{request.param}-btcusdt-20240808.gz", SPOT if request.param == "spot" else FUTURES)


def same_levels(one: BookSync, other: BookSync) -> bool:
    return all((mine == theirs).all() for mine, theirs in zip(one.levels(), other.levels(), strict=True))


def disturb(count: int, kind: str, at: int) -> list[int]:
    """The numbers of ``count`` events, the one at ``at`` lost or swapped with the next."""
    if kind == "drop":
        return [number for number in range(count) if number != at]
    return [{at: at + 1, at + 1: at}.get(number, number) for number in range(count)]


@pytest.mark.parametrize("kind", ["drop", "swap"])
def test_a_gap_is_seen_at_the_next_event_and_healed_by_a_snapshot(market: Market, kind: str) -> None:
    source = random.Random(61)  # noqa: S311 - a test, not a secret
    # How many events after the fault the snapshot comes, and how many before that the exchange took it.
    faults = [
        (source.choice(market.applied[10:-70]), source.randrange(1, 50), source.randrange(3)) for _ in range(PLACES)
    ]
    taken = [max(at, at + delay - age) for at, delay, age in faults]
    # From a little before the fault to a little after the snapshot.
    begins, ends = [at - 5 for at, _, _ in faults], [at + delay + 8 for at, delay, _ in faults]
    books = market.snapshots([*taken, *begins, *ends])
    for (at, delay, _), answer, begin, end in zip(faults, taken, begins, ends, strict=True):
        numbers = [number for number in disturb(len(market.events), kind, at)[begin : end + 2] if begin < number <= end]
        seen = numbers.index(at + 1)
        answered = max(seen, numbers.index(at + delay)) + 1
        events, levels = market.with_snapshots(numbers, {0: books[begin], answered: books[answer]})
        book = connected(market.market)
        outcomes, quotes, before = run(book, events, levels, pause=answered + 1)
        assert before[seen + 1] == Outcome.MISSED
        assert set(before[seen + 2 : answered + 1]) <= {int(Outcome.KEPT)}
        used = quotes[(outcomes == Outcome.APPLIED) & (events["kind"] == DEPTH)]
        assert (used == market.true_quotes[np.searchsorted(market.true_quotes["sequence"], used["sequence"])]).all()
        assert (book.counts["gaps"], book.counts["resyncs"], book.state) == (1, 1, State.LIVE)
        update_id, bids, asks = books[end]
        assert book.update_id == update_id
        assert [side.tolist() for side in book.levels()] == [bids.tolist(), asks.tolist()]


def test_events_that_come_twice_change_nothing(market: Market) -> None:
    source = random.Random(63)  # noqa: S311 - a test, not a secret
    places = source.sample(market.applied, k=PLACES)
    # Again at once, or some events later.
    again = sorted([(at, at, False) for at in range(len(market.events))] + [
        (at + source.choice((0, 0, 1, 5)), at, True) for at in places
    ], key=lambda one: (one[0], one[2]))  # fmt: skip
    book = connected(market.market)
    outcomes, _, _ = run(book, market.events[[number for _, number, _ in again]], market.levels)
    assert {int(outcomes[at]) for at, (_, _, twice) in enumerate(again) if twice} == {int(Outcome.OLD)}
    assert (book.counts["gaps"], book.state) == (0, State.LIVE)
    assert same_levels(book, market.book)


def test_a_spoilt_message_is_refused_by_the_parser_and_missed_by_the_sequence(market: Market) -> None:
    """A spoilt message is one that did not come; 200 random bytes, each in a random message."""
    import gzip

    name = "spot" if market.market == SPOT else "usdm"
    lines = gzip.decompress((RECORDINGS / f"{name}-btcusdt-20240808.gz").read_bytes()).splitlines()
    texts = [line.partition(b" ")[2] for line in lines if b"depthUpdate" in line]
    parser = Parser()
    source = random.Random(62)  # noqa: S311 - a test, not a secret
    for _ in range(PLACES):
        text = bytearray(source.choice(texts))
        # A byte that no message has. One digit for another would need a checksum, which this market does not send.
        text[source.randrange(len(text))] = source.choice((0, 0x1F))
        with pytest.raises(ValueError, match="offset"):
            parser.parse(bytes(text))


class Exchange:
    """A small market: numbered changes of few levels, sent in events of some of them."""

    def __init__(self, market: int) -> None:
        self.market = market
        self.book: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.id = 1000
        self.previous = 1000

    def event(self, changes: list[tuple[int, int, int]], skipped: int) -> tuple[Any, Any]:
        """One event with ``changes`` of (side, distance, quantity); futures ids have holes of ``skipped``."""
        hole = skipped if self.market == FUTURES else 0
        event = np.zeros(1, EVENT)
        event["kind"], event["market"] = DEPTH, self.market
        event["first_update_id"] = self.id + 1 + hole
        sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        for side, distance, quantity in changes:
            price = 100 - distance if side == 0 else 101 + distance
            sides[side].append((price, quantity))
            if quantity:
                self.book[side][price] = quantity
            else:
                self.book[side].pop(price, None)
        self.id += hole + len(changes)
        event["last_update_id"] = self.id
        event["previous_update_id"] = self.previous
        self.previous = self.id
        event["bids"], event["asks"] = len(sides[0]), len(sides[1])
        return event, np.array([*sides[0], *sides[1]], LEVEL)

    def levels(self) -> tuple[Any, Any]:
        bids = sorted(self.book[0].items(), reverse=True)
        asks = sorted(self.book[1].items())
        return np.array(bids, LEVEL), np.array(asks, LEVEL)


CHANGES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=4)
STEPS = st.lists(
    st.tuples(CHANGES, st.integers(0, 2), st.sampled_from(["send"] * 6 + ["drop", "double", "hold", "snapshot"])),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize("kind", [SPOT, FUTURES])
@given(steps=STEPS, room=st.integers(1, 8))
def test_a_live_book_is_the_exchanges(  # noqa: C901 - one story, told in order
    kind: int, steps: Any, room: int
) -> None:
    """Any order of losses, doubles, swaps and snapshots, also with a buffer that overflows."""
    exchange = Exchange(kind)
    book = connected(kind, levels=0, events=room, event_levels=16)
    history = {exchange.id: exchange.levels()}
    held: list[Any] = []

    def send(message: Any) -> None:
        run(book, *message)
        check()

    def answer() -> None:
        bids, asks = history[exchange.id]
        run(book, snapshot_event(exchange.id, bids, asks), np.concatenate([bids, asks]))
        check()

    def check() -> None:
        if book.state is State.LIVE:
            assert book.update_id in history
            for mine, theirs in zip(book.levels(), history[book.update_id], strict=True):
                assert mine.tolist() == theirs.tolist()

    for changes, skipped, what in steps:
        message = exchange.event(changes, skipped)
        history[exchange.id] = exchange.levels()
        if what == "hold":
            held.append(message)
            continue
        for _ in range({"drop": 0, "double": 2}.get(what, 1)):
            send(message)
        for late in held:
            send(late)
        held.clear()
        if what == "snapshot":
            answer()
    # Undisturbed from here on, it is LIVE after one snapshot.
    message = exchange.event([(0, 0, 1)], 0)
    history[exchange.id] = exchange.levels()
    send(message)
    if book.state is not State.LIVE:
        answer()
    message = exchange.event([(1, 0, 1)], 0)
    history[exchange.id] = exchange.levels()
    send(message)
    assert book.state is State.LIVE
    assert book.update_id == exchange.id


def feed(book: BookSync, *ranges: tuple[int, int], previous: int = 0) -> list[int]:
    """Outcomes of events without levels."""
    events = np.zeros(len(ranges), EVENT)
    events["kind"], events["previous_update_id"] = DEPTH, previous
    for event, (first, last) in zip(events, ranges, strict=True):
        event["first_update_id"], event["last_update_id"] = first, last
    return [int(outcome) for outcome in run(book, events, np.empty(0, LEVEL))[0]]


def load(book: BookSync, update_id: int) -> int:
    """Outcome of a snapshot of one level a side."""
    levels = np.array([(9, 1), (11, 1)], LEVEL)
    return int(run(book, snapshot_event(update_id, levels[:1], levels[1:]), levels)[0][0])


def test_nothing_is_live_before_an_event_has_followed_the_snapshot() -> None:
    book = connected(SPOT)
    assert book.wants_snapshot
    load(book, 10)
    assert book.state is State.REPLAY
    feed(book, (11, 12))
    assert book.state is State.LIVE


def test_a_snapshot_older_than_the_buffer_is_refused() -> None:
    book = connected(SPOT)
    feed(book, (20, 25))
    assert load(book, 18) == Outcome.OLD
    assert (book.state, book.kept, book.counts["late_snapshots"]) == (State.BUFFERING, 1, 1)
    load(book, 19)
    assert (book.state, book.update_id) == (State.LIVE, 25)


def test_a_snapshot_of_a_live_book_is_left_out() -> None:
    book = connected(SPOT)
    load(book, 10)
    feed(book, (11, 12))
    assert load(book, 12) == Outcome.OLD
    assert book.update_id == 12


def test_overlapping_and_doubled_events_are_no_gap_on_spot() -> None:
    book = connected(SPOT)
    load(book, 10)
    assert feed(book, (9, 12), (11, 12), (12, 14), (16, 16)) == [
        Outcome.APPLIED, Outcome.OLD, Outcome.APPLIED, Outcome.MISSED,
    ]  # fmt: skip


def test_futures_events_follow_by_pu() -> None:
    book = connected(FUTURES)
    load(book, 10)
    assert feed(book, (11, 12), previous=9) == [Outcome.MISSED]
    book = connected(FUTURES)
    load(book, 10)
    assert feed(book, (14, 15), previous=10) == [Outcome.APPLIED]
    book = connected(FUTURES)
    load(book, 10)
    assert feed(book, (3, 9)) == [Outcome.OLD]
    assert feed(book, (3, 10)) == [Outcome.APPLIED]
    assert feed(book, (40, 50), previous=10) == [Outcome.APPLIED]
    assert feed(book, (60, 61), previous=55) == [Outcome.MISSED]


def test_a_full_buffer_is_given_up_and_a_later_snapshot_wanted() -> None:
    book = connected(SPOT, events=2)
    feed(book, (20, 20), (21, 21), (22, 22))
    assert book.counts["overflows"] == 1
    assert load(book, 20) == Outcome.OLD
    load(book, 21)
    assert (book.state, book.update_id) == (State.LIVE, 22)


def test_silence_makes_a_book_stale_and_the_next_event_live_again() -> None:
    book = connected(SPOT, stale_ns=100)
    load(book, 10)
    feed(book, (11, 11))
    assert not book.is_stale(100)
    assert book.is_stale(101)
    assert book.state is State.STALE
    feed(book, (12, 12))
    assert (book.state, book.counts["gaps"]) == (State.LIVE, 0)


def test_what_the_caller_finds_wrong_waits_for_a_snapshot() -> None:
    book = connected(SPOT)
    load(book, 10)
    feed(book, (11, 11))
    book.invalidate(1)
    assert (book.state, book.wants_snapshot) == (State.INVALID, True)
    assert feed(book, (12, 12)) == [Outcome.KEPT]
    load(book, 11)
    assert (book.state, book.update_id, book.counts["resyncs"]) == (State.LIVE, 12, 1)


def test_a_request_that_fails_is_made_again() -> None:
    book = connected(SPOT)
    book.requested(0)
    assert (book.state, book.wants_snapshot) == (State.SNAPSHOT, False)
    book.requested(1, failed=True)
    assert book.wants_snapshot


def test_without_a_connection_nothing_is_taken() -> None:
    book = BookSync(SPOT)
    assert feed(book, (1, 1)) == [Outcome.UNUSED]
    assert load(book, 1) == Outcome.UNUSED
