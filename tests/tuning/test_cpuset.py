"""Isolation at run time under cgroup v1: on the real kernel, but in a set and with a task of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lltool.host.cgroup import read_cgroup
from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.cpuset_v1 import CpusetV1

ROOT = Root()
CGROUP = read_cgroup(ROOT)

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or CGROUP.cpuset_version != 1 or len(os.sched_getaffinity(0)) < 2,
    reason="needs root, two cores, and cpusets under cgroup v1",
)

KIND = CpusetV1()


@pytest.fixture
def knob() -> Iterator[Knob]:
    mount = Path(str(CGROUP.cpuset_mount)) / "lltool_test"
    mount.mkdir()
    for name in ("cpuset.cpus", "cpuset.mems"):
        (mount / name).write_text((mount.parent / name).read_text())
    knob = Knob(f"{mount}/lltool")
    yield knob
    if KIND.read(ROOT, knob) != "none":
        KIND.write(ROOT, knob, "none")
    for task in (mount / "tasks").read_text().split():
        (mount.parent / "tasks").write_text(task)
    mount.rmdir()


@pytest.fixture
def task(knob: Knob) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        (Path(knob.path).parent / "tasks").write_text(str(process.pid))
        yield process.pid
        process.kill()


def test_tasks_leave_the_isolated_cores_and_all_is_as_before_afterwards(knob: Knob, task: int) -> None:
    mount = Path(knob.path).parent
    before = {path.name: path.read_text() for path in mount.iterdir() if path.name.startswith("cpuset.")}
    cpus = os.sched_getaffinity(task)
    isolated = max(cpus)
    assert KIND.read(ROOT, knob) == "none"
    KIND.write(ROOT, knob, str(isolated))
    assert KIND.read(ROOT, knob) == str(isolated)
    assert os.sched_getaffinity(task) == cpus - {isolated}
    assert (mount / "cpuset.sched_load_balance").read_text() == "0\n"
    KIND.write(ROOT, knob, "none")
    assert KIND.read(ROOT, knob) == "none"
    assert os.sched_getaffinity(task) == cpus
    assert {path.name: path.read_text() for path in mount.iterdir() if path.name.startswith("cpuset.")} == before


@pytest.mark.usefixtures("task")
def test_a_half_made_isolation_is_not_taken_for_someone_elses_and_is_taken_down(knob: Knob) -> None:
    KIND.write(ROOT, knob, "1")
    (Path(knob.path).parent / "cpuset.sched_load_balance").write_text("1")
    live = KIND.read(ROOT, knob)
    assert live == "incomplete"
    assert not KIND.foreign(live, "1", "1")
    KIND.write(ROOT, knob, "none")
    assert KIND.read(ROOT, knob) == "none"
