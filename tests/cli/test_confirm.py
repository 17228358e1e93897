"""Confirm or revert, as an operator meets it: on this machine's kernel, with one harmless value."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Command

VALUE = Path("/proc/sys/vm/stat_interval")
TUNE = ("tune", "-p", "hft", "--only", "sysctl.vm.stat_interval", "--yes")
WANTED = "120"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(VALUE, os.W_OK), reason="needs root, and a /proc/sys that can be written"
)


@pytest.fixture
def before(lltool: Command) -> Iterator[str]:
    value = VALUE.read_text().strip()
    assert value != WANTED
    yield value
    lltool("rollback")
    VALUE.write_text(value)


def becomes(value: str, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while VALUE.read_text().strip() != value and time.monotonic() < deadline:
        time.sleep(0.1)
    return VALUE.read_text().strip() == value


def timer_of(state: Path) -> int:
    """The process that waits on this state directory."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--else-revert" in command and f"LLTOOL_STATE_DIR={state}".encode() in environment:
            return int(process.name)
    raise AssertionError("no timer runs")


def test_without_a_confirmation_the_values_go_back(lltool: Command, before: str) -> None:
    done = lltool(*TUNE, "--confirm-within", "3s")
    assert done.returncode == 0, done.stderr
    assert "lltool confirm" in done.stderr
    assert becomes(before)
    assert lltool("confirm").returncode == 1


def test_a_confirmation_keeps_them_and_ends_the_timer(lltool: Command, before: str, tmp_path: Path) -> None:
    lltool(*TUNE, "--confirm-within", "100s")
    timer = timer_of(tmp_path / "state")
    assert lltool("confirm").returncode == 0
    deadline = time.monotonic() + 20
    while Path(f"/proc/{timer}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{timer}/exe").exists()
    assert VALUE.read_text().strip() == WANTED
    assert lltool("rollback").returncode == 0
    assert VALUE.read_text().strip() == before


def test_an_earlier_tune_is_not_reverted_with_a_later_one(lltool: Command, before: str) -> None:
    swappiness = Path("/proc/sys/vm/swappiness").read_text()
    lltool(*TUNE)
    lltool("tune", "-p", "hft", "--only", "sysctl.vm.swappiness", "--yes", "--confirm-within", "2s")
    deadline = time.monotonic() + 60
    while Path("/proc/sys/vm/swappiness").read_text() != swappiness and time.monotonic() < deadline:
        time.sleep(0.1)
    assert Path("/proc/sys/vm/swappiness").read_text() == swappiness
    assert VALUE.read_text().strip() == WANTED
    assert lltool("rollback").returncode == 0


def test_nothing_is_tuned_while_a_confirmation_is_due(lltool: Command, before: str) -> None:
    lltool(*TUNE, "--confirm-within", "100s")
    done = lltool(*TUNE)
    assert done.returncode == 6
    assert "lltool confirm" in done.stderr
    assert lltool("rollback").returncode == 0
    assert VALUE.read_text().strip() == before
    assert lltool("confirm").returncode == 1


def test_it_survives_the_death_of_the_session(before: str, lltool: Command, tmp_path: Path) -> None:
    """The session leader and its whole process group are killed, as when a connection is lost."""
    environment = os.environ | {"LLTOOL_STATE_DIR": str(tmp_path / "state")}
    session = subprocess.Popen(
        ["sh", "-c", '"$0" -m lltool "$@"; sleep 600', sys.executable, *TUNE, "--confirm-within", "15s"],
        env=environment, cwd=tmp_path, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert becomes(WANTED)
    while "sleep" not in children(session.pid):
        time.sleep(0.1)
    os.killpg(session.pid, signal.SIGHUP)
    os.killpg(session.pid, signal.SIGKILL)
    session.wait()
    assert becomes(before)


def children(pid: int) -> str:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return " ".join(Path(f"/proc/{child}/comm").read_text() for child in listed)


def test_a_killed_timer_leaves_what_a_rollback_heals(lltool: Command, before: str, tmp_path: Path) -> None:
    lltool(*TUNE, "--confirm-within", "100s")
    os.kill(timer_of(tmp_path / "state"), signal.SIGKILL)
    assert VALUE.read_text().strip() == WANTED
    assert lltool(*TUNE).returncode == 6
    assert lltool("rollback").returncode == 0
    assert VALUE.read_text().strip() == before
    assert lltool(*TUNE).returncode == 0


def test_a_tune_of_an_earlier_boot_that_was_never_confirmed_is_reverted_at_once(
    lltool: Command, before: str, tmp_path: Path
) -> None:
    """What lltool-apply.service does first; its failure keeps the service from applying again."""
    lltool(*TUNE, "--confirm-within", "100s")
    os.kill(timer_of(tmp_path / "state"), signal.SIGKILL)  # as the reboot would
    file = tmp_path / "state/unconfirmed.json"
    pending = json.loads(file.read_text()) | {"boot_id": "an-earlier-boot"}
    file.write_text(json.dumps(pending))
    assert lltool("confirm").returncode == 1
    assert lltool("confirm", "--else-revert").returncode == 3
    assert VALUE.read_text().strip() == before
    assert lltool("confirm", "--else-revert").returncode == 0


@pytest.mark.parametrize("text", ["", "0", "-5s", "1h", "soon", "5 s"])
def test_a_bad_time_is_a_usage_error(lltool: Command, text: str) -> None:
    done = lltool(*TUNE, "--confirm-within", text)
    assert done.returncode == 2
    assert "60s" in done.stderr
