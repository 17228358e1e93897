"""The journal survives being torn anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.errors import LltoolError
from lltool.tuning.journal import Journal

RECORDS = [{"type": "begin"}, {"type": "intent", "knobs": [{"before": "60\u2028"}]}, {"type": "commit"}]


def written(path: Path) -> Journal:
    journal = Journal(str(path))
    for record in RECORDS:
        journal.append(record, sync=True)
    return journal


def test_records_come_back_in_order(tmp_path: Path) -> None:
    assert written(tmp_path / "j").records() == RECORDS


@pytest.mark.parametrize("lost", range(1, 40))
def test_a_torn_last_record_is_dropped_and_the_next_one_is_whole(tmp_path: Path, lost: int) -> None:
    journal = written(tmp_path / "j")
    os.truncate(journal.path, os.path.getsize(journal.path) - min(lost, 20))
    assert journal.records() == RECORDS[:2]
    journal.heal()
    journal.append({"type": "undo"}, sync=False)
    assert journal.records() == [*RECORDS[:2], {"type": "undo"}]


def test_zeros_at_the_end_are_a_torn_record(tmp_path: Path) -> None:
    journal = written(tmp_path / "j")
    with open(journal.path, "ab") as file:
        file.write(bytes(512) + b"\n")
    assert journal.records() == RECORDS


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_byte_is_never_believed(tmp_path_factory: pytest.TempPathFactory, place: int, flip: int) -> None:
    journal = written(tmp_path_factory.mktemp("j") / "j")
    data = bytearray(Path(journal.path).read_bytes())
    data[place % len(data)] ^= flip
    Path(journal.path).write_bytes(data)
    try:
        records = journal.records()
    except LltoolError as error:
        assert journal.path in str(error)
    else:
        assert records == RECORDS[: len(records)]


def test_a_full_disk_is_an_error_and_leaves_no_half_record() -> None:
    with pytest.raises(LltoolError, match="no space left"):
        Journal("/dev/full").append({"type": "begin"}, sync=False)
