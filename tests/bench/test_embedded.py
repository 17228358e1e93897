"""A report is read like the result files that it was made of, and damage to it is named."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lltool.bench import embedded
from lltool.bench.model import Result
from lltool.bench.results import read_arms, read_result, read_results
from lltool.bench.wire import document
from lltool.errors import InvalidInput
from lltool.experiment.page import build_page
from lltool.reports import render

_HOSTILE = '</script><script id="result-1">{}</script>&lt;\x00\u202e\n'


def _write(path: Path, *results: Result) -> Path:
    path.write_text(render(build_page(results, [f"{place}.json" for place in range(len(results))])), encoding="utf-8")
    return path


@pytest.fixture
def trial(synthetic: Any) -> Result:
    result: Result = synthetic.trial(tcp_rtt=(26_000, 20_000))
    return replace(result, label=_HOSTILE, notes=(_HOSTILE,))


def test_a_result_comes_back_out_of_a_report_exactly(trial: Result, tmp_path: Path) -> None:
    assert read_result(_write(tmp_path / "a.html", trial)) == trial


def test_a_report_of_a_report_holds_the_same(trial: Result, tmp_path: Path) -> None:
    first = _write(tmp_path / "a.html", trial)
    second = _write(tmp_path / "b.html", *read_results(first))
    assert read_result(second) == trial


def test_a_report_of_two_gives_both_in_order(synthetic: Any, tmp_path: Path) -> None:
    results = [synthetic.result(synthetic.arm("tcp.rtt", "bench", 26_000), label=label) for label in ("old", "new")]
    path = _write(tmp_path / "a.html", *results)
    assert read_results(path) == results
    assert list(read_arms(path, path)) == results
    with pytest.raises(InvalidInput, match="the report holds 2 results"):
        read_result(path)


def test_a_packed_result_takes_a_third_at_most(synthetic: Any) -> None:
    plain = document(synthetic.trial(tcp_rtt=(26_000, 20_000)))
    assert len(json.dumps(embedded.pack(plain))) < len(json.dumps(plain)) / 3


def test_a_packed_result_keeps_its_schema(trial: Result) -> None:
    schema = json.loads(files("lltool.schemas").joinpath("lltool.embedded-1.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(embedded.pack(document(trial)))


def test_every_damaged_byte_is_found(trial: Result, tmp_path: Path) -> None:
    text = _write(tmp_path / "a.html", trial).read_text(encoding="utf-8")
    begin = text.index('"data":"') + len('"data":"')
    end = text.index('"', begin)
    for place in range(begin, end, (end - begin) // 97):
        damaged = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        (tmp_path / "b.html").write_text(damaged, encoding="utf-8")
        with pytest.raises(InvalidInput, match=r"b\.html#result-1 is not a usable result\n.*damaged"):
            read_result(tmp_path / "b.html")


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.99])
def test_a_report_cut_short_is_no_result(trial: Result, tmp_path: Path, share: float) -> None:
    text = _write(tmp_path / "a.html", trial).read_text(encoding="utf-8")
    end = text.index("</script>", text.rindex('<script type="application/json"'))
    (tmp_path / "b.html").write_text(text[: int(end * share)], encoding="utf-8")
    with pytest.raises(InvalidInput):
        read_result(tmp_path / "b.html")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "lltool.embedded/9"}, "lltool.embedded/9"),
        ({"bytes": 1 << 60}, "damaged: bytes is"),
        ({"bytes": -1}, "damaged: bytes is"),
        ({"bytes": 3}, "checksum"),
        ({"sha256": ""}, "checksum"),
        ({"data": None}, "damaged"),
        ({"data": "?"}, "damaged"),
    ],
)
def test_a_packed_result_that_lies_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        embedded.unpack(json.dumps({**embedded.pack({"schema": "x"}), **change}))


@pytest.mark.parametrize("packed", ["", "[]", "{}", "null", "1"])
def test_what_is_no_packed_result_is_refused(packed: str) -> None:
    with pytest.raises(ValueError, match="it is not the JSON that a report holds"):
        embedded.unpack(packed)


def test_a_later_result_in_a_report_is_named(trial: Result, tmp_path: Path) -> None:
    packed = json.dumps(embedded.pack({**document(trial), "schema": "lltool.result/9"}))
    (tmp_path / "a.html").write_text(f'<!DOCTYPE html><script id="result-1">{packed}</script>')
    with pytest.raises(InvalidInput, match="of a later lltool"):
        read_result(tmp_path / "a.html")


def test_any_other_page_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<!DOCTYPE html><script>let x</script>")
    with pytest.raises(InvalidInput, match="holds no result"):
        read_results(tmp_path / "a.html")
