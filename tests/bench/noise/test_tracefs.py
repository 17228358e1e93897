"""Tracing leaves nothing behind, joins what really happened, and says why where it cannot be used."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
from lltool.bench.noise.tracefs import INSTANCES, TRACEFS, TracingUnavailable, recording, remove_stale
from lltool.root import Root

CORE = max(os.sched_getaffinity(0))
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

LEFT_BEHIND = "lltool-noise-1-999999-cores"

LIST = """
import sys
from lltool.bench.noise import tracefs
from lltool.root import Root
root = Root()
tracefs._reach_tracefs(root)
if len(sys.argv) > 1: tracefs.remove_stale(root)
print(*[name for name in root.listdir(tracefs.INSTANCES) if name.startswith("lltool-noise")])
"""


def python(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], check=False, capture_output=True, text=True, timeout=60
    )
    if "TracingUnavailable" in done.stderr:
        pytest.skip("needs tracefs")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def watch(*arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "lltool", "noise", "--json", "--cores", str(CORE), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@needs_root
def test_a_busy_neighbour_is_named() -> None:
    script = f"""
import os
os.sched_setaffinity(0, {{{CORE}}})
open("/proc/self/comm", "w").write("disturber")
while True: pass
"""
    with subprocess.Popen([sys.executable, "-c", script]) as neighbour:
        try:
            found = watch("--seconds", "1")
        finally:
            neighbour.kill()
    if found["level"] != "tracefs":
        pytest.skip(f"needs tracefs: {found['level_reason']}")
    causes = {cause["name"]: cause for cause in found["causes"]}  # type: ignore[attr-defined]
    assert causes["disturber"]["share_of_lost"] > 0.02  # others may be busy there too
    assert causes["disturber"]["setting"] == "boot.isolcpus"
    assert found["explained_share"] > 0.8  # type: ignore[operator]
    assert sum(cause["lost_ns"] for cause in causes.values()) == pytest.approx(
        sum(one["lost_ns"] for one in found["traced"]),
        rel=1e-3,  # type: ignore[attr-defined]
    )
    assert python(LIST) == ""


@needs_root
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_cut_off_takes_its_trace_along(how: signal.Signals) -> None:
    python(LIST, "remove")
    command = [sys.executable, "-m", "lltool", "noise", "--cores", str(CORE), "--seconds", "3"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        assert wait_for(lambda: python(LIST) != "")
        process.send_signal(how)
    assert wait_for(lambda: python(LIST) == "")


def wait_for(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


@needs_root
def test_what_a_killed_watcher_left_is_removed_by_the_next_run() -> None:
    python(f"""
from lltool.bench.noise import tracefs
from lltool.root import Root
root = Root()
tracefs._reach_tracefs(root)
root.mkdir(tracefs.INSTANCES + "/{LEFT_BEHIND}")
""")
    assert LEFT_BEHIND in python(LIST)
    watch("--seconds", "0.1")
    assert LEFT_BEHIND not in python(LIST)


@needs_root
def test_the_mount_is_seen_by_nobody_else() -> None:
    def mounts() -> str:
        return Path("/proc/self/mounts").read_text()

    before = mounts()
    watch("--seconds", "0.1")
    assert mounts() == before


def test_a_tree_without_tracefs_says_so(tmp_path: Path) -> None:
    with pytest.raises(TracingUnavailable, match="no tracefs"), recording(Root(tmp_path), [0]):
        pass


def fake(tmp_path: Path, clocks: str) -> Root:
    (tmp_path / TRACEFS[1:] / "instances").mkdir(parents=True)
    (tmp_path / TRACEFS[1:] / "trace_clock").write_text(clocks)
    return Root(tmp_path)


def test_a_kernel_without_the_clock_says_so(tmp_path: Path) -> None:
    root = fake(tmp_path, "[local] global counter")
    with pytest.raises(TracingUnavailable, match="no clock x86-tsc"), recording(root, [0]):
        pass


def test_only_instances_of_processes_that_are_gone_are_stale(tmp_path: Path) -> None:
    root = fake(tmp_path, "[local] x86-tsc")
    stat = "7 (a) b) S " + " ".join(["0"] * 18) + " 4242 0"
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "stat").write_text(stat)
    for name in ("lltool-noise-7-4242-cores", "somebody-else", "lltool-noise-x-1-cores"):
        (tmp_path / INSTANCES[1:] / name).mkdir()
    assert remove_stale(root) == []


def test_without_privileges_the_counters_speak(tmp_path: Path) -> None:
    found = watch("--seconds", "0.2") if os.geteuid() else _as_nobody()
    assert found["level"] in {"counters", "shape"}
    assert "tracefs" in str(found["level_reason"]) or "tracing" in str(found["level_reason"])
    assert found["untraced"]


def _as_nobody() -> dict[str, object]:
    script = f"""
import json, os, sys
from lltool.bench.noise.worker import observe
from lltool.root import Root
os.setgid(65534); os.setuid(65534)
json.dump(observe(Root(), [{CORE}], 0.2, fifo=False), sys.stdout)
"""
    found = json.loads(python(script))
    assert isinstance(found, dict)
    return found


def test_fifo_is_refused_in_words_without_the_right() -> None:
    script = f"""
import os, resource
from lltool.bench.noise.worker import observe
from lltool.errors import LltoolError
from lltool.root import Root
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)
try: observe(Root(), [{CORE}], 0.1, fifo=True)
except LltoolError as error: print(error)
"""
    assert "without --fifo" in python(script)
