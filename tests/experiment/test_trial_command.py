"""`lltool trial` as its user meets it: whole, interrupted, killed, and without root."""

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

from tests.nobody import AS_NOBODY, NOBODY, needs_nobody

SWAPPINESS = Path("/proc/sys/vm/swappiness")
TUNED = "7"
LLTOOL = (sys.executable, "-m", "lltool")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A state directory of its own, and a profile of one setting that disturbs nobody."""
    (tmp_path / "one.toml").write_text(f'[settings]\n"sysctl.vm.swappiness" = {TUNED}\n')
    before = SWAPPINESS.read_text()
    yield os.environ | {"LLTOOL_STATE_DIR": str(tmp_path / "state")}
    SWAPPINESS.write_text(before)


def start(tmp_path: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """A trial that has just tuned the host."""
    process = subprocess.Popen(
        [*LLTOOL, "trial", "--profile", "one.toml", "--quick"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while SWAPPINESS.read_text().strip() != TUNED:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the host was not tuned within a minute"
        time.sleep(0.01)
    return process


def lltool(tmp_path: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LLTOOL, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )


def test_killed_in_the_middle_rollback_brings_every_value_back(tmp_path: Path, environment: dict[str, str]) -> None:
    before = SWAPPINESS.read_text()
    process = start(tmp_path, environment)
    process.kill()
    process.communicate()
    refused = lltool(tmp_path, environment, "trial", "--profile", "one.toml", "--quick")
    assert refused.returncode in {1, 6}
    assert "lltool rollback" in refused.stderr
    undone = lltool(tmp_path, environment, "rollback")
    assert undone.returncode == 0, undone.stderr
    assert SWAPPINESS.read_text() == before
    assert lltool(tmp_path, environment, "rollback").stdout == "Nothing to roll back.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_in_the_middle_it_undoes_and_keeps_what_was_measured(
    tmp_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    before = SWAPPINESS.read_text()
    process = start(tmp_path, environment)
    time.sleep(1)
    process.send_signal(number)
    output, complaints = process.communicate(timeout=60)
    assert process.returncode == 1, complaints
    assert "interrupted after" in complaints
    assert "Traceback" not in complaints
    assert SWAPPINESS.read_text() == before
    (result,) = tmp_path.glob("lltool-results/*.json")
    assert str(result.name) in output
    runs = json.loads(result.read_text())["runs"]
    assert {run["arm"] for run in runs} == {"before", "after"}


def test_a_whole_trial_shows_reports_and_restores(tmp_path: Path, environment: dict[str, str]) -> None:
    before = SWAPPINESS.read_text()
    done = lltool(tmp_path, environment, "trial", "--profile", "one.toml", "--quick")
    assert done.returncode == 0, done.stderr
    assert SWAPPINESS.read_text() == before
    assert "all 1 values read as before" in done.stderr
    for word in ("benchmark", "before", "after", "verdict", "tcp.rtt", "sysctl.vm.swappiness", "Report: "):
        assert word in done.stdout
    (page,) = tmp_path.glob("lltool-results/*.html")
    assert page.name in done.stdout
    assert "sysctl.vm.swappiness" in page.read_text()
    (result,) = tmp_path.glob("lltool-results/*.json")
    document = json.loads(result.read_text())
    assert document["design"] == "ABBA"
    assert set(document["noise"]) == {"before", "after"}
    assert {noise["cores"][0] for noise in document["noise"].values()} == {document["runs"][0]["cores"][0]}
    assert len(document["transactions"]) == 5
    for transaction in document["transactions"]:
        (change,) = transaction["changes"]
        assert (change["knob"], change["before"]) == (str(SWAPPINESS), before.strip())
        assert change["after"] == change["wanted"] != change["before"]
    assert "The tuning transaction: 1 change<" in page.read_text()
    assert [run["arm"] for run in document["runs"]].count("after") == len(document["runs"]) // 2
    compared = lltool(tmp_path, environment, "bench", "compare", str(result), str(result), "--json")
    assert compared.returncode == 0, compared.stderr
    assert json.loads(compared.stdout)["schema"] == "lltool.compare/1"


@needs_nobody
def test_without_root_it_measures_and_says_what_it_could_not_do(tmp_path: Path) -> None:
    place = tmp_path / "nobody"
    place.mkdir()
    for folder in [place, *place.parents][:4]:
        folder.chmod(folder.stat().st_mode | 0o711)
    os.chown(place, NOBODY, NOBODY)
    done = subprocess.run(
        [*AS_NOBODY, *LLTOOL, "trial", "--quick"],
        cwd=place,
        env=os.environ | {"HOME": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "needs root" in done.stderr
    assert "not compared" in done.stdout
    (page,) = place.glob("lltool-results/*.html")
    assert "No tuning transaction belongs to this" in page.read_text()
    (result,) = place.glob("lltool-results/*.json")
    (noise,) = json.loads(result.read_text())["noise"].values()
    assert noise["level"] != "tracefs"
    assert noise["level_reason"] in page.read_text().replace("&#39;", "'")
