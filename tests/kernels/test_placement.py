"""Pinning holds and is read back; the other conditions of a worker take effect."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lltool.kernels.placement", reason="needs the compiled kernels")
from lltool.kernels import placement

CORES = sorted(os.sched_getaffinity(0))


def in_thread(act: Callable[[], object]) -> object:
    """Affinity and timer slack belong to a thread: a thread of its own leaves those of the test runner alone."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(act())
        except Exception as error:  # noqa: BLE001 - handed to the test
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcome[0]


@pytest.mark.parametrize("core", CORES[:4])
def test_a_pinned_thread_is_on_its_core_and_no_other(core: int) -> None:
    def act() -> tuple[set[int], int]:
        placement.pin(core)
        return os.sched_getaffinity(0), placement.current_core()

    assert in_thread(act) == ({core}, core)


@pytest.mark.parametrize("core", [-1, 8192, 2**31 - 1])
def test_a_core_that_no_kernel_has_is_refused(core: int) -> None:
    with pytest.raises(ValueError, match=f"core {core} is not between"):
        placement.pin(core)


def test_a_core_that_this_host_has_not_is_an_os_error() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(OSError, match="Invalid argument") as caught:
        placement.pin(8191)
    assert caught.value.errno == errno.EINVAL
    assert os.sched_getaffinity(0) == before


def test_timer_slack_is_that_of_the_thread() -> None:
    def act() -> int:
        placement.set_timer_slack(1)
        return placement.timer_slack()

    before = placement.timer_slack()
    assert in_thread(act) == 1
    assert placement.timer_slack() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_thread_becomes_real_time_and_ordinary_again() -> None:
    def act() -> tuple[int, int, int, int]:
        placement.set_fifo(3)
        policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
        placement.set_ordinary(-5)
        return policy, priority, os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)

    assert in_thread(act) == (os.SCHED_FIFO, 3, os.SCHED_OTHER, -5)


REFUSALS = """
import os, resource
from lltool.kernels import placement
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for limit in (resource.RLIMIT_RTPRIO, resource.RLIMIT_NICE, resource.RLIMIT_MEMLOCK):
    resource.setrlimit(limit, (0, 0))
for act in (lambda: placement.set_fifo(49), lambda: placement.set_ordinary(-20), placement.lock_memory):
    try:
        act()
    except OSError as error:
        print(type(error).__name__, error.strerror)
"""


def test_a_refusal_says_which_privilege_is_missing() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give it up")
    done = subprocess.run([sys.executable, "-c", REFUSALS], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "PermissionError SCHED_FIFO 49: Operation not permitted; it takes CAP_SYS_NICE or an RLIMIT_RTPRIO of 49",
        "PermissionError nice -20: Permission denied; it takes CAP_SYS_NICE or an RLIMIT_NICE of 40",
        "PermissionError mlockall: Operation not permitted; it takes CAP_IPC_LOCK, or an RLIMIT_MEMLOCK of all it maps",
    ]


@pytest.mark.parametrize("priority", [0, 100])
def test_a_priority_that_there_is_not_is_refused(priority: int) -> None:
    with pytest.raises(ValueError, match="is not between 1 and 99"):
        placement.set_fifo(priority)


def test_the_wakeup_latency_is_written_as_a_word(tmp_path: Path) -> None:
    with (tmp_path / "cpu_dma_latency").open("wb", buffering=0) as latency:
        placement.limit_wakeup_latency(latency.fileno(), 7)
    assert (tmp_path / "cpu_dma_latency").read_bytes() == (7).to_bytes(4, sys.byteorder)


def test_locked_memory_is_locked() -> None:
    try:
        placement.lock_memory()
    except OSError as error:
        pytest.skip(f"needs the right to lock memory ({errno.errorcode[error.errno or 0]})")
    try:
        locked = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmLck:"))
        assert int(locked.split()[1]) > 0
    finally:
        placement.unlock_memory()


def test_memory_that_may_not_be_locked_is_an_os_error() -> None:
    script = (
        "import resource, sys, os\n"
        "from lltool.kernels.placement import lock_memory\n"
        "resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))\n"
        "if os.geteuid() == 0: os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "try: lock_memory()\n"
        "except OSError as error: sys.exit(error.errno)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == errno.EPERM


STACK = """
from resource import RUSAGE_THREAD, getrusage
from lltool.kernels.placement import prefault_stack
faults = [getrusage(RUSAGE_THREAD).ru_minflt]
for _ in range(2):
    prefault_stack()
    faults.append(getrusage(RUSAGE_THREAD).ru_minflt)
print(faults[1] - faults[0], faults[2] - faults[1])
"""


def test_the_stack_is_touched_as_deep_as_promised() -> None:
    # In a process of its own: stacks of earlier threads are reused, with the pages they have.
    done = subprocess.run([sys.executable, "-c", STACK], check=True, capture_output=True, text=True, timeout=30)
    touched, again = map(int, done.stdout.split())
    assert touched > 256 // 4 // 2
    assert again < 8
