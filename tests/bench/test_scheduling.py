"""Priority and neighbours of a worker: done, or what is not and why."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from lltool.bench.conditions import DONE
from lltool.bench.neighbours import neighbours
from lltool.bench.scheduling import held_priority
from lltool.root import Root


def tree(directory: Path, **files: str) -> Root:
    for path, text in files.items():
        target = directory / path.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return Root(directory)


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A kernel that gives every priority; the policies asked for."""
    asked: list[int] = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda _pid, policy, _parameters: asked.append(policy))
    return asked


def test_throttling_and_fair_server_in_force_are_named(tmp_path: Path, granted: list[int]) -> None:
    root = tree(
        tmp_path,
        proc__sys__kernel__sched_rt_runtime_us="950000\n",
        proc__sys__kernel__sched_rt_period_us="1000000\n",
        proc__sys__kernel__osrelease="6.12.1-amd64\n",
        sys__kernel__debug__sched__fair_server__cpu2__runtime="50000000\n",
    )
    with held_priority(root, [2], wanted=True) as conditions:
        assert granted == [os.SCHED_FIFO]
    assert granted == [os.SCHED_FIFO, os.SCHED_OTHER]
    assert conditions["SCHED_FIFO"] == DONE
    assert "950000 of every 1000000 us" in conditions["real-time throttling off"]
    assert "50 ms on core 2" in conditions["fair server off"]


def test_what_is_off_is_done(tmp_path: Path, granted: list[int]) -> None:
    root = tree(
        tmp_path,
        proc__sys__kernel__sched_rt_runtime_us="-1\n",
        proc__sys__kernel__sched_rt_period_us="1000000\n",
        proc__sys__kernel__osrelease="6.12.1\n",
        sys__kernel__debug__sched__fair_server__cpu2__runtime="0\n",
    )
    with held_priority(root, [2], wanted=True) as conditions:
        pass
    assert set(conditions.values()) == {DONE}


@pytest.mark.parametrize(("release", "known"), [("6.1.0-18-amd64", True), ("6.12.0", False)])
def test_a_fair_server_that_cannot_be_seen_is_not_called_off(
    tmp_path: Path, granted: list[int], release: str, known: bool
) -> None:
    root = tree(tmp_path, proc__sys__kernel__osrelease=release)
    with held_priority(root, [2], wanted=True) as conditions:
        pass
    assert (conditions["fair server off"] == DONE) is known


def test_a_group_without_a_budget_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    root = tree(tmp_path, proc__self__cgroup="1:cpu:/jobs\n0::/\n", sys__fs__cgroup__cpu__jobs__cpu_rt="")
    (tmp_path / "sys/fs/cgroup/cpu/jobs/cpu.rt_runtime_us").write_text("0\n")
    with held_priority(root, [2], wanted=True) as conditions:
        pass
    assert "/sys/fs/cgroup/cpu/jobs/cpu.rt_runtime_us has no real-time budget" in conditions["SCHED_FIFO"]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with held_priority(root, [2], wanted=True) as conditions:
        pass
    assert "CAP_SYS_NICE or RLIMIT_RTPRIO" in conditions["SCHED_FIFO"]


def test_nothing_is_asked_for_in_a_trial(tmp_path: Path, granted: list[int]) -> None:
    with held_priority(Root(tmp_path), [2], wanted=False) as conditions:
        pass
    assert granted == []
    assert conditions["SCHED_FIFO"].startswith("not asked for")


def siblings(directory: Path, **lists: str) -> Root:
    return tree(
        directory,
        **{f"sys__devices__system__cpu__{cpu}__topology__thread_siblings_list": text for cpu, text in lists.items()},
    )


@pytest.mark.parametrize(
    ("cores", "text"),
    [
        ([1, 2], DONE),
        ([3, 7], "3,7 are hardware threads of one physical core"),
        ([2, 3], "7 are online"),
        ([9], "not known"),
    ],
)
def test_hardware_threads_are_avoided_or_named(tmp_path: Path, cores: list[int], text: str) -> None:
    root = siblings(tmp_path, cpu1="1", cpu2="2", cpu3="3,7", cpu7="3,7")
    assert text in neighbours(root, cores)["SMT siblings avoided"]


def test_core_0_is_named(tmp_path: Path) -> None:
    assert neighbours(Root(tmp_path), [1])["core 0 avoided"] == DONE
    assert "core 0 is used" in neighbours(Root(tmp_path), [1, 0])["core 0 avoided"]
