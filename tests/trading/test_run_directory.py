"""What a trading run leaves for others, and whether it is still there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lltool.errors import InvalidInput
from lltool.root import Root
from lltool.trading.run_directory import (
    SCHEMA,
    counters_path,
    kill_page_path,
    process_of,
    runs,
    write_counters,
)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLTOOL_RUN_DIR", str(tmp_path))
    return tmp_path


def counters(**changes: Any) -> dict[str, Any]:
    process = process_of(Root(), os.getpid())
    assert process is not None
    own = {"pid": process.pid, "start_ticks": process.start_ticks, "boot_id": process.boot_id}
    return {"schema": SCHEMA, "process": own | changes.pop("process", {}), "ended": None, **changes}


def test_a_run_whose_process_is_there_is_running(directory: Path) -> None:
    write_counters(counters_path(Root(), "btc"), counters(name="btc"))
    (run,) = runs(Root())
    assert run.is_running
    assert run.counters["name"] == "btc"
    assert [path.name for path in directory.iterdir()] == ["btc.json"]


@pytest.mark.parametrize(
    "changes",
    [
        {"process": {"start_ticks": 1}},
        {"process": {"boot_id": "of another boot"}},
        {"process": {"pid": 2**22 + 1}},
        {"ended": "kill switch"},
    ],
)
def test_counters_of_a_process_that_is_no_more_are_known_for_that(directory: Path, changes: dict[str, Any]) -> None:
    write_counters(counters_path(Root(), "btc"), counters(**changes))
    (run,) = runs(Root())
    assert not run.is_running


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "lltool.trade-counters/2"}'])
def test_what_are_no_counters_is_left_out(directory: Path, text: str) -> None:
    (directory / "other.json").write_text(text)
    (directory / "trade.kill").write_text(json.dumps(counters()))
    assert runs(Root()) == []


def test_without_the_directory_there_are_no_runs(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLTOOL_RUN_DIR", str(directory / "none"))
    assert runs(Root()) == []


def test_the_directory_is_below_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLTOOL_RUN_DIR", raising=False)
    assert counters_path(Root(tmp_path), "trade") == str(tmp_path / "run/lltool/trade.json")
    assert kill_page_path(Root(tmp_path), "trade") == str(tmp_path / "run/lltool/trade.kill")


def test_a_name_that_leads_elsewhere_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"\.\./x"):
        counters_path(Root(), "../x")


def test_a_blank_in_the_name_of_a_process_does_not_move_its_start(tmp_path: Path) -> None:
    for path, text in {
        "proc/7/stat": "7 (a b) c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 10\n",
        "proc/sys/kernel/random/boot_id": "0-1\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = process_of(Root(tmp_path), 7)
    assert found is not None
    assert (found.start_ticks, found.boot_id) == (4711, "0-1")
    assert process_of(Root(tmp_path), 8) is None
