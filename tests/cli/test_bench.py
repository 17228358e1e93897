"""`lltool bench` as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.results import read_result

CORE = str(max(os.sched_getaffinity(0)))


def lltool(arguments: Sequence[str], where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lltool", *arguments],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_list_names_every_benchmark(tmp_path: Path) -> None:
    done = lltool(["bench", "list"], tmp_path)
    assert done.returncode == 0
    assert all(known.name in done.stdout for known in BENCHMARKS)
    document = json.loads(lltool(["bench", "list", "--json"], tmp_path).stdout)
    assert document["schema"] == "lltool.bench-list/1"
    assert [entry["name"] for entry in document["benchmarks"]] == [known.name for known in BENCHMARKS]


def test_a_run_is_written_and_shown(tmp_path: Path) -> None:
    arguments = ["bench", "run", "timer.cost", "--quick", "--runs", "2", "--cores", CORE, "--label", "a label"]
    done = lltool(arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "lltool-results").iterdir()
    result = read_result(path)
    assert (result.label, [run.benchmark for run in result.runs]) == ("a label", ["timer.cost"] * 2)
    assert all(run.measured and run.cores == (int(CORE),) for run in result.runs)
    assert result.passport["quantum_ticks"] >= 1
    assert "centre" in done.stdout
    assert path.name in done.stderr


def test_json_is_the_result_with_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    done = lltool(["bench", "run", "timer.cost", "--quick", "--runs", "1", "-o", str(path), "--json"], tmp_path)
    printed = json.loads(done.stdout)
    assert printed.pop("findings").keys() == {"pipeline", "access_times", "option_effects"}
    assert printed == json.loads(path.read_text())


def test_what_needs_two_cores_is_not_applicable_on_one(tmp_path: Path) -> None:
    done = lltool(["bench", "run", "spsc.hop", "--quick", "--runs", "1", "--cores", CORE], tmp_path)
    assert done.returncode == 0
    assert "not applicable: needs 2 cores" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["run", "timer.cots"], 2, "near: timer.cost"),
        (["run", "timer.cost", "--cores", "8191"], 2, "choose among"),
        (["run", "timer.cost", "--cores", "one"], 2, "is not a number"),
        (["run", "timer.cost", "--runs", "0"], 2, "--runs"),
        (["run", "timer.cost", "-o", "no/such/folder/a.json"], 1, "no such file or directory"),
        (["run"], 2, "NAME"),
        (["passport", "--cores", "8191"], 2, "choose among"),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path: Path, arguments: list[str], code: int, text: str) -> None:
    done = lltool(["bench", *arguments], tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_keeps_the_finished_runs(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lltool",
        "bench",
        "run",
        "timer.cost",
        "--quick",
        "--runs",
        "1000",
        "-o",
        "a.json",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "timer.cost 1 of 1000" in process.stderr.readline()
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 1
    result = read_result(tmp_path / "a.json")
    assert 0 < len(result.runs) < 1000
    assert all(run.measured for run in result.runs)
    assert f"Interrupted after {len(result.runs)} of 1000 runs." in said
    assert "Traceback" not in said


def test_an_interrupted_measurement_goes_on_and_can_be_exported(tmp_path: Path) -> None:
    some = ["bench", "run", "timer.cost", "--quick", "--cores", CORE, "--runs"]
    assert lltool([*some, "1", "--resume"], tmp_path).returncode == 2, "there is nothing to go on with"
    assert lltool([*some, "1"], tmp_path).returncode == 0
    (path,) = (tmp_path / "lltool-results").iterdir()
    assert lltool([*some, "3", "--resume"], tmp_path).returncode == 0
    assert [run.block for run in read_result(path).runs] == [0, 1, 2]
    assert lltool([*some, "1", "--append", "-o", str(path)], tmp_path).returncode == 0
    assert [run.block for run in read_result(path).runs] == [0, 1, 2, 3]
    assert lltool([*some, "1", "--append", "--resume"], tmp_path).returncode == 2
    done = lltool(["bench", "export", str(path), "-o", "a.hlog"], tmp_path)
    assert done.stdout == "a.hlog\n"
    assert (tmp_path / "a.hlog").read_text().count("Tag=timer.cost/bench,") == 4
    done = lltool(["bench", "export", str(path), "--format", "hgrm", "-o", "folder"], tmp_path)
    assert [name.name for name in (tmp_path / "folder").iterdir()] == ["timer.cost-bench.hgrm"]


def test_a_self_test_is_kept_for_the_results_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    arguments = ["bench", "selftest", "timer.cost", "--quick", "--runs", "12", "--cores", CORE, "--json"]
    document = json.loads(lltool(arguments, tmp_path).stdout)
    assert {entry["metric"] for entry in document["assessments"]} == {"centre", "p50", "p99", "p99.9"}
    assert Path(document["stored"]).exists()
    lltool(["bench", "run", "timer.cost", "--quick", "--runs", "1", "-o", "a.json"], tmp_path)
    floor = read_result(tmp_path / "a.json").noise_floor
    assert floor["timer.cost"]["p99"] > 0


def test_the_passport_is_shown(tmp_path: Path) -> None:
    assert "quantum" in lltool(["bench", "passport"], tmp_path).stdout
    document = json.loads(lltool(["bench", "passport", "--cores", CORE, "--json"], tmp_path).stdout)
    assert (document["schema"], document["core"]) == ("lltool.passport/1", int(CORE))
