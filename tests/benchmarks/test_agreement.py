"""The second opinions of benchmarks/agreement.py are programs that measure."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "agreement.c"
CORE = str(max(os.sched_getaffinity(0)))

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("c") / "agreement")
    subprocess.run(
        ["gcc", "-O2", "-pthread", "-Wall", "-Wextra", "-Werror", str(SOURCE), "-o", path], check=True, timeout=60
    )
    return path


def figure(*command: str) -> float:
    return float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_a_longer_cycle_costs_more_a_load(program: str) -> None:
    near, far = (figure(program, "chase", CORE, str(size)) for size in (16 << 10, 32 << 20))
    assert 0 < 2 * near < far


def test_lost_time_is_a_share(program: str) -> None:
    assert 0 <= figure(program, "noise", CORE, "0.1") <= 1e6


def test_a_wrong_call_shows_the_right_ones(program: str) -> None:
    done = subprocess.run([program, "core", "0"], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "usage" in done.stderr
