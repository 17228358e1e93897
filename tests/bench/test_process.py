"""A worker that dies, hangs or babbles is a reason in words; none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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


def wait_until(holds: Callable[[], bool]) -> None:
    """Fail where it does not hold within 20 s."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def affinity_is_left_alone() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    yield
    assert os.sched_getaffinity(0) == before


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


def test_a_worker_that_cannot_be_started_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "COMMAND", ("/no/such/python",))
    with pytest.raises(WorkerFailed, match="cannot be started: /no/such/python: no such file"):
        ask_worker({}, 30)


def test_a_worker_that_hangs_is_ended(worker: Replace, tmp_path: Path) -> None:
    worker(f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(3600)")
    with pytest.raises(WorkerFailed, match=r"no answer within 1 s"):
        ask_worker({}, 1)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_an_interrupted_wait_ends_the_worker(worker: Replace, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    worker(
        f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
        f"os.kill(spec['parent'], {int(signal.SIGINT)}); time.sleep(3600)"
    )
    with pytest.raises(KeyboardInterrupt):
        ask_worker({}, 30)
    assert not is_alive(int(pid_file.read_text()))


PARENT = """
import sys
from lltool.bench import process
process.COMMAND = (sys.executable, "-c", sys.argv[1])
process.ask_worker({"benchmark": "passport", "cores": [int(sys.argv[2])]}, 3600)
"""

SLEEPER = """
import os, time
from lltool.bench import worker

def sleep(specification):
    with open(PID_FILE, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(3600)

worker.take_passport = sleep
worker.main()
"""


def test_a_worker_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("lltool.kernels.placement", reason="needs the compiled kernels")
    pid_file = tmp_path / "pid"
    script = SLEEPER.replace("PID_FILE", repr(str(pid_file)))
    with subprocess.Popen([sys.executable, "-c", PARENT, script, str(min(os.sched_getaffinity(0)))]) as parent:
        wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
        child = int(pid_file.read_text())
        assert is_alive(child)
        parent.kill()
    try:
        wait_until(lambda: not is_alive(child))
    finally:
        if is_alive(child):
            os.kill(child, signal.SIGKILL)


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


def test_a_worker_with_grace_may_put_things_back(worker: Replace, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    worker(
        "import signal\n"
        f"def end(*_): open({str(trace)!r}, 'w').write('put back'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"os.kill(spec['parent'], {int(signal.SIGINT)}); time.sleep(3600)"
    )
    with pytest.raises(KeyboardInterrupt):
        ask_worker({}, 30, grace_seconds=20)
    assert trace.read_text() == "put back"


def test_a_worker_that_does_not_hear_is_killed_after_its_grace(worker: Replace, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    worker(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(3600)"
    )
    with pytest.raises(WorkerFailed, match="no answer"):
        ask_worker({}, 1, grace_seconds=0.1)
    assert not is_alive(int(pid_file.read_text()))
