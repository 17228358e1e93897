"""Recorded lines: the forms that are read, and each fault with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from lltool.errors import InvalidInput
from lltool.trading.recording import read_recording

pytest.importorskip("lltool.kernels.binance_json", reason="needs the compiled kernels")

DEPTH = (
    '{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":7,"b":[["61737.63000000","1.00000000"]],'
    '"a":[["61738.00000000","0.00000000"]]}'
)
TICKER = '{"u":6,"s":"BTCUSDT","b":"61737.63000000","B":"1.00000000","a":"61738.00000000","A":"2.00000000"}'


def write(path: Path, *lines: str) -> str:
    path.write_text("".join(line + "\n" for line in lines))
    return str(path)


def faults_of(path: str) -> tuple[str, ...]:
    with pytest.raises(InvalidInput) as caught:
        read_recording(path)
    return caught.value.faults


def test_stamped_lines(tmp_path: Path) -> None:
    read = read_recording(write(tmp_path / "r", f"17 {DEPTH}", f"18 {TICKER}"))
    assert (read.lines, read.unused) == (2, 0)
    assert list(read.local_ns) == [17, 18]
    assert list(read.events["last_update_id"]) == [7, 6]


def test_gzip_and_plain_are_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "r", f"17 {DEPTH}")
    packed = tmp_path / "r.gz"
    packed.write_bytes(gzip.compress(Path(plain).read_bytes()))
    assert (read_recording(plain).events == read_recording(str(packed)).events).all()


def test_lines_without_stamps(tmp_path: Path) -> None:
    read = read_recording(write(tmp_path / "r", DEPTH, TICKER))
    assert len(read.events) == 2
    assert len(read.local_ns) == 0


def test_blanks_and_another_order_of_keys_are_read(tmp_path: Path) -> None:
    content = json.loads(DEPTH)
    other = json.dumps(dict(reversed(content.items())))
    read = read_recording(write(tmp_path / "r", f"1 {DEPTH}", f"2 {other}"))
    assert read.events[0]["bids"] == read.events[1]["bids"] == 1
    assert read.levels[0] == read.levels[2]


def test_kinds_that_are_not_used_are_counted(tmp_path: Path) -> None:
    read = read_recording(write(tmp_path / "r", '1 {"result":null,"id":1}', f"2 {DEPTH}", '3 {"e":"kline"}'))
    assert (read.lines, read.unused, len(read.events)) == (3, 2, 1)
    assert list(read.line_numbers) == [2]


def test_each_fault_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r",
        f"1 {DEPTH}",
        f"x {DEPTH}",
        f"3 {DEPTH[:-9]}",
        "",
        f"5 {TICKER.replace('2.0', '2,0')}",
        f"6 {DEPTH}",
    )
    assert [fault.split(":")[0] for fault in faults_of(path)] == ["line 2", "line 3", "line 5"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_empty_lines_say_nothing(tmp_path: Path, end: str) -> None:
    (tmp_path / "r").write_bytes(end.join(["", f"1 {DEPTH}", "", f"2 {TICKER}", "  ", ""]).encode())
    read = read_recording(str(tmp_path / "r"))
    assert (read.lines, read.unused, list(read.line_numbers)) == (2, 0, [2, 4])


def test_a_last_line_that_was_cut_off_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "r", f"1 {DEPTH}", f"2 {DEPTH[:-20]}")
    assert [fault.split(":")[0] for fault in faults_of(path)] == ["line 2"]


def test_files_that_are_no_recordings_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(f"1 {DEPTH}\n".encode())
    (tmp_path / "cut.gz").write_bytes(whole[:-9])
    assert "gzip" in faults_of(str(tmp_path / "cut.gz"))[0]
    assert faults_of(write(tmp_path / "empty"))
    assert faults_of(str(tmp_path / "missing"))
