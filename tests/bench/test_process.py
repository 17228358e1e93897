"""A worker that dies, hangs or babbles is a reason in words; none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lltool.bench import process
from lltool.bench.catalogue import by_name
from lltool.bench.process import WorkerFailed, ask_worker, kept_off
from lltool.bench.runner import plan_runs, run_once

Replace = Callable[[str], None]

READ = "import json, os, sys, time; spec = json.load(sys.stdin)\n"


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """``worker(script)`` puts a script in the place of the worker."""

    def replace(script: str) -> None:
        monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", READ + script))

    return replace


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that waits for its parent runs no more.
    return ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_a_document_comes_back_and_the_parent_is_named(worker: Replace) -> None:
    worker("print(json.dumps(spec))")
    assert ask_worker({"benchmark": "x"}, 30) == {"benchmark": "x", "parent": os.getpid()}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("sys.exit(3)", r"^the worker ended with exit status 3$"),
        ("print('one', file=sys.stderr); sys.exit('last words')", "exit status 1: last words$"),
        ("os.kill(os.getpid(), 9)", "signal SIGKILL$"),
        ("print('{} and more')", "something else than one JSON document"),
        ("print('[1]')", "something else than one JSON document"),
        ("pass", "something else than one JSON document"),
    ],
)
def test_a_worker_without_a_document_is_a_reason(worker: Replace, script: str, reason: str) -> None:
    worker(script)
    with pytest.raises(WorkerFailed, match=reason):
        ask_worker({}, 30)


def test_a_worker_that_hangs_is_ended(worker: Replace, tmp_path: Path) -> None:
    worker(f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    with pytest.raises(WorkerFailed, match=r"no answer within 1 s"):
        ask_worker({}, 1)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_an_interrupted_wait_ends_the_worker(worker: Replace, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    worker(
        f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
        f"os.kill(spec['parent'], {int(signal.SIGINT)}); time.sleep(60)"
    )
    with pytest.raises(KeyboardInterrupt):
        ask_worker({}, 30)
    assert not is_alive(int(pid_file.read_text()))


PARENT = """
import sys
from lltool.bench import process
process.ask_worker({"benchmark": "noise.gaps", "cores": [min(__import__("os").sched_getaffinity(0))],
                    "quick": False, "hold": False}, 60)
"""


def test_a_worker_dies_with_a_parent_that_is_killed() -> None:
    pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
    with subprocess.Popen([sys.executable, "-c", PARENT]) as parent:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        if not children.exists():
            parent.kill()
            pytest.skip("needs CONFIG_PROC_CHILDREN")
        deadline = time.monotonic() + 30
        while not (found := children.read_text().split()) and time.monotonic() < deadline:
            time.sleep(0.01)
        child = int(found[0])
        while b"lltool.bench.worker" not in Path(f"/proc/{child}/cmdline").read_bytes():
            time.sleep(0.01)
        time.sleep(0.3)
        parent.kill()
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(child)


def test_a_failed_worker_is_a_failed_run(worker: Replace) -> None:
    worker("sys.exit('no luck')")
    run = run_once(by_name("timer.cost"), (0,), "before", 2, 7, quick=True, hold=False)
    assert (run.arm, run.block, run.position, run.cores, run.measured) == ("before", 2, 7, (0,), False)
    assert run.failed == "the worker ended with exit status 1: no luck"


@pytest.mark.parametrize("document", ["{}", "{'samples': 3}", "{'tick_hz': 1.0, 'surprise': 1}"])
def test_a_document_of_another_kind_is_a_failed_run(worker: Replace, document: str) -> None:
    worker(f"print(json.dumps({document}))")
    run = run_once(by_name("timer.cost"), (0,), "before", 0, 0, quick=True, hold=False)
    assert "not that of a run" in (run.failed or "")


def test_too_few_cores_are_not_applicable_and_start_nothing(worker: Replace) -> None:
    worker("sys.exit('was started')")
    run = run_once(by_name("spsc.hop"), (0,), "before", 0, 0, quick=True, hold=False)
    assert (run.not_applicable, run.failed) == ("needs 2 cores; 1 can be used", None)


def test_the_parent_stays_off_and_comes_back() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    with kept_off((core,)):
        assert os.sched_getaffinity(0) == (before - {core} or before)
    assert os.sched_getaffinity(0) == before
    with pytest.raises(KeyError), kept_off((core,)):
        raise KeyError("in the block")
    assert os.sched_getaffinity(0) == before


def test_runs_go_round_over_the_benchmarks() -> None:
    pair = (by_name("timer.cost"), by_name("noise.gaps"))
    order = [(benchmark.name, number) for benchmark, number in plan_runs(pair, 2)]
    assert order == [("timer.cost", 0), ("noise.gaps", 0), ("timer.cost", 1), ("noise.gaps", 1)]
