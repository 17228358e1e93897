"""Result files: exact there and back, whole or absent, and every fault named with its place."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from lltool.bench.hdr import bucket
from lltool.bench.model import Histogram
from lltool.bench.results import read_result, write_result
from lltool.errors import InvalidInput, LltoolError

LARGEST = 2**64 - 1


@st.composite
def durations(draw: st.DrawFn) -> list[int]:
    sizes = st.integers(min_value=0, max_value=64)
    return draw(st.lists(sizes.flatmap(lambda bits: st.integers(0, 2**bits - 1)), min_size=0, max_size=60))


@pytest.fixture
def stored(tmp_path: Path, synthetic: Any) -> tuple[Path, dict[str, Any]]:
    """A result file with four runs, and its document."""
    path = tmp_path / "result.json"
    write_result(synthetic.result(synthetic.arm("tcp.rtt", "before", 26_000, runs=4)), path)
    return path, json.loads(path.read_text())


def faults_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(InvalidInput) as caught:
        read_result(path)
    assert caught.value.exit_code == 2
    assert str(path) in str(caught.value)
    return caught.value.faults


@given(ticks=durations(), blocks=st.lists(st.integers(0, LARGEST), max_size=5))
def test_a_result_comes_back_exactly(
    ticks: list[int], blocks: list[int], tmp_path_factory: pytest.TempPathFactory, synthetic: Any
) -> None:
    run = synthetic.run(
        ticks=ticks,
        block_ops=7,
        block_ticks=tuple(blocks),
        duration_ticks=LARGEST,
        distance=synthetic.distance(),
        notes={"backing": "hugetlb", "options": [1, None, {"TCP_NODELAY": True}]},
    )
    absent = [synthetic.run(not_applicable="one core only"), synthetic.run(tick_hz=0.0, failed="killed")]
    result = synthetic.result(
        [run, *absent], settings={"before": [{"setting": "x", "live": "\x1b[0m <\u202e\U0001f600>"}]}
    )
    path = tmp_path_factory.mktemp("results") / "result.json"
    write_result(result, path)
    assert read_result(path) == result


def test_undecodable_bytes_of_a_host_leave_the_file_readable(tmp_path: Path, synthetic: Any) -> None:
    cmdline = b"quiet name=\xff".decode("utf-8", errors="surrogateescape")
    path = tmp_path / "result.json"
    write_result(synthetic.result([], label="\ud83d", host={"cmdline": cmdline}), path)
    assert read_result(path) == synthetic.result([], label="?", host={"cmdline": "quiet name=?"})


def test_other_programs_read_the_blob(stored: tuple[Path, dict[str, Any]], synthetic: Any) -> None:
    expected = synthetic.arm("tcp.rtt", "before", 26_000, runs=4)[2].samples
    decoded = HdrHistogram.decode(stored[1]["runs"][2]["histogram"]["hdr"])
    assert decoded.get_total_count() == expected.n
    assert [decoded.get_count_at_value(value) for value in expected.values] == list(expected.counts)


@given(value=st.integers(0, 2**63 - 1))
def test_a_bucket_is_the_one_of_hdrhistogram(value: int) -> None:
    reference = HdrHistogram(1, 2**63 - 1, 3)
    assert bucket(value) == (
        reference.get_lowest_equivalent_value(value),
        reference.get_highest_equivalent_value(value),
    )


def test_unknown_keys_are_tolerated(stored: tuple[Path, dict[str, Any]]) -> None:
    path, document = stored
    expected = read_result(path)
    document["later"] = document["runs"][0]["later"] = document["runs"][0]["histogram"]["later"] = 1
    path.write_text(json.dumps(document))
    assert read_result(path) == expected


def test_every_fault_is_listed_with_its_place(stored: tuple[Path, dict[str, Any]]) -> None:
    path, document = stored
    runs = document["runs"]
    del document["design"], runs[0]["arm"]
    runs[0]["cores"] = ["1"]
    runs[1]["tick_hz"] = True
    runs[1]["distance"] = {"before_ns": 1.0, "after_ns": 2.0}
    runs[2]["histogram"]["hdr"] = runs[2]["histogram"]["hdr"][:-8]
    runs[3]["histogram"]["n"] += 1
    path.write_text(json.dumps(document))
    places = [fault.partition(":")[0] for fault in faults_of(path)]
    assert sorted(places) == [
        "design",
        "runs[0].arm",
        "runs[0].cores[0]",
        "runs[1].distance.distance_class",
        "runs[1].tick_hz",
        "runs[2].histogram",
        "runs[3].histogram",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("minimum", 0), ("maximum", 1), ("total", 1), ("n", 3), ("hdr", "HISTFAAAAA=="), ("beyond", [[1, 1]])],
)
def test_a_histogram_that_contradicts_itself_is_refused(
    stored: tuple[Path, dict[str, Any]], key: str, value: object
) -> None:
    path, document = stored
    document["runs"][3]["histogram"][key] = value
    path.write_text(json.dumps(document))
    (fault,) = faults_of(path)
    assert fault.startswith("runs[3].histogram: ")


def test_blocks_without_their_operations_are_refused(stored: tuple[Path, dict[str, Any]]) -> None:
    path, document = stored
    document["runs"][1]["block_ops"] = 0
    path.write_text(json.dumps(document))
    (fault,) = faults_of(path)
    assert fault.startswith("runs[1]: block_ticks without block_ops")


def test_a_run_with_figures_needs_its_tick_rate(stored: tuple[Path, dict[str, Any]]) -> None:
    path, document = stored
    document["runs"][1]["tick_hz"] = 0
    path.write_text(json.dumps(document))
    (fault,) = faults_of(path)
    assert fault.startswith("runs[1]: tick_hz is 0")


@pytest.mark.parametrize(
    ("schema", "words"),
    [("lltool.result/2", "later lltool"), ("lltool.host/1", "instead of"), (1, "valid string"), (None, "valid string")],
)
def test_another_schema_is_named(stored: tuple[Path, dict[str, Any]], schema: object, words: str) -> None:
    path, document = stored
    path.write_text(json.dumps({**document, "schema": schema, "runs": "of another kind"}))
    (fault,) = faults_of(path)
    assert fault.startswith("schema: ")
    assert words in fault


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000, b"\x1f\x8b\x08\x00"])
def test_what_is_not_a_result_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    assert len(faults_of(path)) == 1


def test_a_file_cut_anywhere_is_refused(stored: tuple[Path, dict[str, Any]]) -> None:
    path, _ = stored
    content = path.read_bytes().rstrip()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        assert faults_of(path)


def test_a_missing_file_is_unusable_input(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "absent.json") == ("no such file or directory",)


def test_a_file_is_replaced_with_mode_0644(tmp_path: Path, synthetic: Any) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    path.chmod(0o600)
    write_result(synthetic.result([]), path)
    assert read_result(path) == synthetic.result([])
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_link_keeps_pointing_where_it_does(tmp_path: Path, synthetic: Any) -> None:
    target = tmp_path / "target.json"
    target.write_text("old")
    link = tmp_path / "latest.json"
    link.symlink_to("target.json")
    write_result(synthetic.result([]), link)
    assert link.is_symlink()
    assert read_result(target) == synthetic.result([])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a device")
def test_a_device_is_written_and_not_replaced(tmp_path: Path, synthetic: Any) -> None:
    device = tmp_path / "null"  # not the machine's own: a defect would replace it for everybody
    os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    link = tmp_path / "link"
    link.symlink_to(device)
    write_result(synthetic.result([]), link)
    assert stat.S_ISCHR(os.stat(device).st_mode)


@pytest.mark.parametrize("call", ["fsync", "replace", "fchmod"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, synthetic: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")

    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, call, no_space)
    with pytest.raises(LltoolError) as caught:
        write_result(synthetic.result([]), path)
    assert caught.value.exit_code == 1
    assert str(path) in str(caught.value)
    assert "free space" in str(caught.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_missing_directory_is_named(tmp_path: Path, synthetic: Any) -> None:
    with pytest.raises(LltoolError, match=r"absent/result\.json cannot be written: no such file"):
        write_result(synthetic.result([]), tmp_path / "absent" / "result.json")


def test_an_empty_histogram_is_a_measurement(tmp_path: Path, synthetic: Any) -> None:
    result = synthetic.result([synthetic.run("noise.gaps", ticks=[], duration_ticks=10**9)])
    path = tmp_path / "result.json"
    write_result(result, path)
    assert read_result(path).runs[0].samples == Histogram((), (), 0, 0, 0)
