"""A user's mistake: a clear word on stderr, the right exit code, nothing on stdout, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nobody import AS_NOBODY, needs_nobody

Command = Callable[..., subprocess.CompletedProcess[str]]

NOT_ROOT = os.geteuid() != 0


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    "command", [["plan"], ["tune", "--yes"], ["verify"], ["trial", "--quick"], ["bench", "all"], ["bench", "passport"]]
)
def test_cores_that_are_not_there(lltool: Command, command: list[str]) -> None:
    refused(lltool(*command, "--cores", "9999"), 2, "9999")


@pytest.mark.parametrize("command", [["plan"], ["trial"], ["bench", "all"]])
def test_cores_that_are_no_list(lltool: Command, command: list[str]) -> None:
    refused(lltool(*command, "--cores", "one"), 2, "one")


@pytest.mark.parametrize("command", ["plan", "tune", "verify", "trial"])
def test_a_profile_with_a_typo(lltool: Command, tmp_path: Path, command: str) -> None:
    (tmp_path / "mine.toml").write_text('[settings]\n"sysctl.vm.swapiness" = 10\n"cpu.governor" = "fast"\n')
    refused(
        lltool(command, "--profile", "mine.toml"), 2, "mine.toml:2", "did you mean sysctl.vm.swappiness", "mine.toml:3"
    )


def test_a_profile_that_does_not_exist(lltool: Command) -> None:
    refused(lltool("plan", "--profile", "htf"), 2, "hft")


def test_a_pattern_that_matches_nothing(lltool: Command) -> None:
    refused(lltool("plan", "--only", "sysctl.vn.*"), 2, "sysctl.vn.*")


def test_a_setting_that_does_not_exist(lltool: Command) -> None:
    refused(lltool("explain", "vm.swapiness"), 2, "sysctl.vm.swappiness")


def test_a_benchmark_that_does_not_exist(lltool: Command) -> None:
    refused(lltool("bench", "run", "spsc.hip"), 2, "spsc.hop")


def test_a_root_that_is_no_directory(lltool: Command) -> None:
    refused(lltool("host", "--root", "nowhere"), 2, "nowhere")


@pytest.mark.parametrize("text", ["", "{", '{"schema": "lltool.result/1"}', '{"schema": "lltool.result/999"}', "[]"])
@pytest.mark.parametrize("command", [["report"], ["bench", "compare", "result.json"]])
def test_a_result_that_is_none(lltool: Command, tmp_path: Path, command: list[str], text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    refused(lltool(*command, "result.json"), 2, "result.json")


@pytest.mark.skipif(NOT_ROOT, reason="needs root")
@pytest.mark.parametrize("command", [["tune", "--yes"], ["rollback"], ["trial", "--quick"]])
def test_a_state_directory_that_cannot_be_made(lltool: Command, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("")
    refused(lltool(*command, LLTOOL_STATE_DIR=str(tmp_path / "file/state")), 1, "file/state", "LLTOOL_STATE_DIR")


@pytest.mark.skipif(NOT_ROOT, reason="needs root to mount a file system")
@pytest.mark.parametrize(("options", "word"), [("ro", "read-only"), ("size=4k", "no space left")])
@pytest.mark.parametrize("command", [["trial", "--quick"], ["bench", "all", "--quick"]])
def test_a_disk_that_takes_no_result(
    lltool: Command, tmp_path: Path, options: str, word: str, command: list[str]
) -> None:
    disk = tmp_path / "lltool-results"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(disk)], check=True)
    try:
        refused(lltool(*command), 1, word, "lltool-results")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("arguments", [["--version"], ["verify"], ["plan", "--json"], ["host"], ["explain"]])
def test_a_full_standard_output(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lltool", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "standard output" in done.stderr
    assert "no space left" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_gone_is_no_accident() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lltool", "explain"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(write)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@needs_nobody
def test_tuning_without_root_says_what_is_missing(tmp_path: Path) -> None:
    before = Path("/proc/sys/vm/swappiness").read_text()
    done = as_nobody(tmp_path, "tune", "--yes")
    assert done.returncode == 1
    assert "root" in done.stderr
    assert "Traceback" not in done.stderr
    assert Path("/proc/sys/vm/swappiness").read_text() == before


@needs_nobody
def test_verify_works_for_everyone(tmp_path: Path) -> None:
    done = as_nobody(tmp_path, "verify", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["schema"] == "lltool.verify/1"


def as_nobody(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run lltool without privileges, with root's own state directory out of reach."""
    state = tmp_path / "root-only"
    state.mkdir(mode=0o700)
    return subprocess.run(
        [*AS_NOBODY, sys.executable, "-m", "lltool", *arguments],
        cwd="/",
        env=os.environ | {"LLTOOL_STATE_DIR": str(state / "state"), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
