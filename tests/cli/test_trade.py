"""`lltool trade` as its user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_schemas import check

Command = Callable[..., subprocess.CompletedProcess[str]]

SPOT = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance" / "spot-btcusdt-20240808.gz"
DEPTH = '{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":6,"b":[["10.0","1.0"]],"a":[]}'


@pytest.mark.skipif(not SPOT.exists(), reason="needs the recordings in ../shared")
def test_the_command_speaks_of_a_clock_offset_and_of_no_latency(lltool: Command) -> None:
    done = lltool("trade", "replay", str(SPOT))
    assert done.returncode == 0
    assert "Clock offset" in done.stdout
    assert "latency" not in done.stdout


def test_a_bad_recording_is_refused_with_its_lines(lltool: Command, tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_text(f"1 {DEPTH}\n2 {DEPTH}\n3 {{\n")
    done = lltool("trade", "replay", str(path))
    assert done.returncode == 2
    assert "line 3" in done.stderr


def test_a_replay_prints_a_document_of_its_schema(lltool: Command, tmp_path: Path) -> None:
    (tmp_path / "r").write_text(f"1 {DEPTH}\n")
    document = json.loads(lltool("trade", "replay", "r", "--json").stdout)
    check(document)
    assert (document["events"], document["depth_events"]) == (1, 0)


def test_a_speed_that_is_none_is_a_usage_error(lltool: Command) -> None:
    for speed in ("0", "-1", "nan", "fast"):
        assert lltool("trade", "replay", "r", "--speed", speed).returncode == 2


def test_a_replay_runs_on_the_configured_core(tmp_path: Path) -> None:
    core = max(os.sched_getaffinity(0))
    (tmp_path / "trade.toml").write_text(f"[pipeline]\ncores = [{core}]\n")
    (tmp_path / "r").write_text(f"1 {DEPTH}\n{60_000_000_000} {DEPTH}\n")
    command = [sys.executable, "-m", "lltool", "trade", "replay", "r", "--config", "trade.toml", "--speed", "1"]
    replay = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        assert replay.stderr is not None
        assert replay.stderr.readline()  # it has begun
        assert os.sched_getaffinity(replay.pid) == {core}
    finally:
        replay.kill()
        replay.communicate()


def test_a_core_that_is_not_there_is_named(lltool: Command, tmp_path: Path) -> None:
    (tmp_path / "trade.toml").write_text("[pipeline]\ncores = [9999]\n")
    (tmp_path / "r").write_text(f"1 {DEPTH}\n")
    done = lltool("trade", "replay", "r", "--config", "trade.toml")
    assert done.returncode == 1
    assert "core 9999" in done.stderr
