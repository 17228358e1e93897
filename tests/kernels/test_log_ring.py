"""The log of a hot thread: complete and in order, or counted as dropped."""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("lltool.kernels.log_ring", reason="needs the compiled kernels")
from lltool.kernels import log_ring
from lltool.kernels.codes import ErrorCode


def test_entries_come_out_as_text_in_order() -> None:
    log = log_ring.LogRing(8)
    sent, halted = log.register("order {} at {}"), log.register("halted")
    assert log.write(sent, 7, -100)
    assert log.write(halted, code=ErrorCode.RISK_LIMIT)
    first, second = log.drain()
    assert (first.text, first.code) == ("order 7 at -100", ErrorCode.OK)
    assert (second.text, second.code) == ("halted", ErrorCode.RISK_LIMIT)
    assert first.ticks <= second.ticks
    assert log.drain() == []


def test_a_full_log_drops_and_counts_and_never_waits() -> None:
    log = log_ring.LogRing(4)
    event = log.register("{}")
    assert [log.write(event, number) for number in range(6)] == [True] * 4 + [False] * 2
    assert (log.dropped, len(log)) == (2, 4)
    assert [entry.text for entry in log.drain()] == ["0", "1", "2", "3"]
    assert log.write(event, 9)


def test_what_is_not_registered_or_too_much_is_refused() -> None:
    log = log_ring.LogRing(4)
    event = log.register("{}{}{}{}{}")
    assert log.write(event, 1, 2, 3, 4, 5)
    with pytest.raises(ValueError, match="6 numbers"):
        log.write(event, 1, 2, 3, 4, 5, 6)
    with pytest.raises(ValueError, match="not registered"):
        log.write(event + 1)
    with pytest.raises(OverflowError):
        log.write(event, 2**63)
    for text in ("{}{}{}{}{}{}", "{name}", "{"):
        with pytest.raises(ValueError, match="does not take"):
            log.register(text)


def test_too_few_numbers_are_shown_beside_the_text() -> None:
    log = log_ring.LogRing(4)
    log.write(log.register("{} of {}"), 1)
    assert [entry.text for entry in log.drain()] == ["{} of {} [1]"]


def test_a_thread_drains_what_another_writes() -> None:
    log = log_ring.LogRing(64)
    event = log.register("{}")
    entries: list[str] = []
    done = threading.Event()

    def drain() -> None:
        while not (done.is_set() and len(log) == 0):
            entries.extend(entry.text for entry in log.drain())

    reader = threading.Thread(target=drain)
    reader.start()
    written = [str(number) for number in range(20_000) if log.write(event, number)]
    done.set()
    reader.join(30)
    assert entries == written
    assert log.dropped == 20_000 - len(written)
