"""A result's place is tried before measuring, and a result is never lost."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from lltool.bench import destination
from lltool.bench.destination import prepare_destination, write_or_rescue
from lltool.bench.results import read_result
from lltool.errors import LltoolError

needs_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system")


@pytest.fixture
def full_disk(tmp_path: Path) -> Any:
    """A file system of one page's room, all of it taken."""
    place = tmp_path / "full"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], check=False)
    if done.returncode:
        pytest.skip("needs the right to mount")
    try:
        (place / "rest").write_bytes(bytes(32 * 1024))
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_the_default_place_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert prepare_destination(None, "a.json") == "lltool-results/a.json"
    assert list((tmp_path / "lltool-results").iterdir()) == []


def test_trying_a_place_does_not_touch_the_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("kept")
    assert prepare_destination(path, "") == str(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "kept"


@pytest.mark.parametrize(("path", "cause"), [("", "is a directory"), ("no/such/folder.json", "no such file")])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, path: str, cause: str) -> None:
    with pytest.raises(LltoolError, match=cause):
        prepare_destination(tmp_path / path, "")


@needs_mounts
def test_a_full_disk_is_found_before_anything_is_measured(full_disk: Path) -> None:
    with pytest.raises(LltoolError, match="no space left on device"):
        prepare_destination(full_disk / "a.json", "")
    assert [entry.name for entry in full_disk.iterdir()] == ["rest"]


def test_a_result_that_cannot_be_written_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Any
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = synthetic.result([synthetic.run(ticks=[26, 52])])
    with pytest.raises(LltoolError, match="the result is kept in") as caught:
        write_or_rescue(result, str(tmp_path / "gone" / "a.json"))
    kept = str(caught.value.next_step).removeprefix("the result is kept in ").removesuffix(": move it")
    assert read_result(kept) == result
    assert os.path.basename(kept) == "a.json"


def test_the_probe_is_no_smaller_than_a_small_result(tmp_path: Path, synthetic: Any) -> None:
    write_or_rescue(synthetic.result([synthetic.run(ticks=[26, 52])]), str(tmp_path / "a.json"))
    assert (tmp_path / "a.json").stat().st_size <= destination._PROBE_BYTES
