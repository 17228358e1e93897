"""The kill switch: tripped once, from any process, and no order leaves after it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

kill_switch = pytest.importorskip("lltool.kernels.kill_switch", reason="needs the compiled kernels")
KillSource = kill_switch.KillSource
SECOND = 1_000_000_000


def test_the_first_source_stays() -> None:
    switch = kill_switch.KillSwitch()
    assert switch.source is None
    assert switch.trip(KillSource.LOSS, 1)
    assert not switch.trip(KillSource.OPERATOR, 2)
    assert switch.source is KillSource.LOSS


def test_after_it_no_order_may_leave() -> None:
    switch = kill_switch.KillSwitch()
    assert switch.may_send()
    switch.sent()
    switch.trip(KillSource.SIGNAL, 1)
    assert not switch.may_send()
    assert switch.is_quiet


def test_it_is_quiet_only_when_the_order_on_its_way_has_left() -> None:
    switch = kill_switch.KillSwitch()
    assert switch.may_send()
    switch.trip(KillSource.SIGNAL, 1)
    assert not switch.is_quiet
    switch.sent()
    assert switch.is_quiet


def test_a_switch_that_is_not_tripped_is_not_quiet() -> None:
    assert not kill_switch.KillSwitch().is_quiet


def test_a_silent_supervisor_trips_it() -> None:
    switch = kill_switch.KillSwitch()
    assert not switch.watch(10 * SECOND, SECOND)  # there has never been one
    switch.beat(10 * SECOND)
    assert not switch.watch(11 * SECOND, SECOND)
    assert switch.watch(11 * SECOND + 1, SECOND)
    assert switch.source is KillSource.SUPERVISOR


def test_a_supervisor_ahead_of_the_reader_is_alive() -> None:
    switch = kill_switch.KillSwitch()
    switch.beat(10 * SECOND)
    assert not switch.watch(9 * SECOND, 1)


@pytest.mark.parametrize("source", [0, 7, -1])
def test_a_source_that_is_none_is_refused(source: int) -> None:
    switch = kill_switch.KillSwitch()
    with pytest.raises(ValueError, match="KillSource"):
        switch.trip(source, 1)
    assert switch.source is None


OTHER_PROCESS = """
import os, sys
from lltool.kernels.kill_switch import KillSource, KillSwitch
fd = os.open(sys.argv[1], os.O_RDWR)
print(KillSwitch.attach(fd).trip(KillSource.OPERATOR, 5))
"""


def test_another_process_trips_it(tmp_path: Path) -> None:
    path = tmp_path / "kill"
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    switch = kill_switch.KillSwitch.create(fd)
    os.close(fd)
    done = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, str(path)], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "True\n"
    assert switch.source is KillSource.OPERATOR


def test_what_is_no_switch_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kill"
    for content in (b"x", bytes(4096)):
        path.write_bytes(content)
        fd = os.open(path, os.O_RDWR)
        with pytest.raises(BufferError, match="kill switch"):
            kill_switch.KillSwitch.attach(fd)
        with pytest.raises(FileExistsError):
            kill_switch.KillSwitch.create(fd)
        os.close(fd)


def test_beats_are_of_the_clock_that_processes_share() -> None:
    switch = kill_switch.KillSwitch()
    switch.beat(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    assert not switch.watch(time.clock_gettime_ns(time.CLOCK_MONOTONIC), 60 * SECOND)
