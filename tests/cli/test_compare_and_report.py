"""`lltool bench compare` and `lltool report` as a user runs them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lltool.bench.results import write_result


@pytest.fixture
def files(tmp_path: Path, synthetic: Any) -> dict[str, str]:
    """A trial that got better, a slower and a faster plain result, and half a result."""
    write_result(synthetic.trial(tcp_rtt=(26_000, 20_000)), tmp_path / "trial.json")
    write_result(synthetic.result(synthetic.arm("tcp.rtt", "bench", 26_000)), tmp_path / "slow.json")
    write_result(synthetic.result(synthetic.arm("tcp.rtt", "bench", 20_000)), tmp_path / "fast.json")
    content = (tmp_path / "slow.json").read_text()
    (tmp_path / "half.json").write_text(content[: len(content) // 2])
    return {name: f"{name}.json" for name in ("trial", "slow", "fast", "half")}


def test_compare_prints_a_table_and_its_notes_elsewhere(lltool: Any, files: dict[str, str]) -> None:
    done = lltool("bench", "compare", files["slow"], files["fast"])
    assert done.returncode == 0
    assert "better: the whole interval lies below no change" in done.stdout
    assert "sequential design" in done.stderr
    assert "sequential design" not in done.stdout


@pytest.mark.parametrize(("before", "after", "code"), [("slow", "fast", 0), ("fast", "slow", 5), ("trial", "trial", 0)])
def test_the_gate_fails_only_where_something_is_worse(
    lltool: Any, files: dict[str, str], before: str, after: str, code: int
) -> None:
    assert lltool("bench", "compare", files[before], files[after], "--fail-on", "worse").returncode == code
    assert lltool("bench", "compare", files[before], files[after]).returncode == 0


def test_over_budget_fails_its_gate_and_junit_says_why(lltool: Any, files: dict[str, str], tmp_path: Path) -> None:
    budget = '[[budget]]\ntitle = "mine"\nbenchmarks = ["tcp.*"]\nmetric = "p50"\nlimit_ns = {}\n'
    (tmp_path / "kept.toml").write_text(budget.format(1e6))
    (tmp_path / "missed.toml").write_text(budget.format(1e3))
    for name, code in (("kept.toml", 0), ("missed.toml", 5)):
        arguments = ["--fail-on", "over-budget", "--fail-on", "worse", "--budgets", name, "--junit", "out.xml"]
        done = lltool("bench", "compare", files["slow"], files["fast"], *arguments)
        assert done.returncode == code, done.stderr
    assert "tcp.rtt p50: budget < 1 us (mine): over" in done.stderr
    assert 'failures="1"' in (tmp_path / "out.xml").read_text()


def test_compare_json_is_one_document(lltool: Any, files: dict[str, str]) -> None:
    done = lltool("bench", "compare", files["trial"], files["trial"], "--json")
    document = json.loads(done.stdout)
    assert (document["schema"], document["design"]) == ("lltool.compare/1", "ABBA")
    assert document["outcomes"]["better"] == 4
    assert done.stderr == ""


def test_compare_markdown_is_a_table(lltool: Any, files: dict[str, str]) -> None:
    done = lltool("bench", "compare", files["trial"], files["trial"], "--markdown")
    assert done.stdout.startswith("**4 better** (ABBA design")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bench", "compare", "slow.json", "slow.json"], "only one arm"),
        (["bench", "compare", "slow.json", "trial.json"], "holds both arms"),
        (["bench", "compare", "slow.json", "half.json"], "half.json is not a usable result"),
        (["bench", "compare", "slow.json", "absent.json"], "absent.json cannot be read"),
        (["bench", "compare", "slow.json", "fast.json", "--json", "--markdown"], "one of --json and --markdown"),
        (["bench", "compare", "slow.json", "fast.json", "--fail-on", "weather"], "weather"),
        (["report", "half.json"], "half.json is not a usable result"),
        (["report", "slow.json", "fast.json", "trial.json"], "holds both arms"),
        (["report", "trial.json", "--markdown", "--open"], "one of --markdown and --open"),
    ],
)
def test_unusable_input_exits_2_with_the_reason(
    lltool: Any, files: dict[str, str], arguments: list[str], words: str
) -> None:
    assert files
    done = lltool(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_report_writes_beside_the_result_and_prints_the_path(
    lltool: Any, files: dict[str, str], tmp_path: Path
) -> None:
    done = lltool("report", files["trial"])
    assert (done.returncode, done.stdout) == (0, "trial.html\n")
    assert "TCP loopback round trip" in (tmp_path / "trial.html").read_text()
    assert sorted(os.listdir(tmp_path)) == ["fast.json", "half.json", "slow.json", "trial.html", "trial.json"]


def test_report_writes_where_it_is_told_and_replaces(lltool: Any, files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    done = lltool("report", files["slow"], files["fast"], "-o", "page.html")
    assert done.stdout == "page.html\n"
    assert "sequential" in (tmp_path / "page.html").read_text()


def test_report_markdown_writes_no_page(lltool: Any, files: dict[str, str], tmp_path: Path) -> None:
    done = lltool("report", files["trial"], "--markdown")
    assert done.stdout.startswith("### Before and after")
    assert not (tmp_path / "trial.html").exists()


def test_an_unwritable_page_exits_1_with_the_next_step(lltool: Any, files: dict[str, str]) -> None:
    done = lltool("report", files["trial"], "-o", "absent/page.html")
    assert done.returncode == 1
    assert "absent/page.html cannot be written: no such file or directory" in done.stderr
    assert "next: check the path" in done.stderr


def test_a_full_disk_exits_1(lltool: Any, files: dict[str, str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    done = lltool("report", files["trial"], "-o", "/dev/full")
    assert done.returncode == 1
    assert "/dev/full cannot be written: no space left on device" in done.stderr


def test_reports_are_read_like_the_results_in_them(lltool: Any, files: dict[str, str], tmp_path: Path) -> None:
    for name in ("slow", "fast"):
        lltool("report", files[name])
    plain = lltool("bench", "compare", files["slow"], files["fast"], "--json")
    assert lltool("bench", "compare", "slow.html", "fast.html", "--json").stdout == plain.stdout
    assert lltool("report", "slow.html", "fast.html").stdout == "fast-compared.html\n"
    assert lltool("bench", "compare", "fast-compared.html", "fast-compared.html", "--json").stdout == plain.stdout
    assert lltool("report", "slow.html").stdout == "slow.html\n"
    (tmp_path / "cut.html").write_bytes((tmp_path / "slow.html").read_bytes()[:5000])
    done = lltool("report", "cut.html")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cut.html is not a usable report\n  an HTML page that holds no result" in done.stderr


def test_a_page_is_opened_in_the_browser_that_the_user_names(
    lltool: Any, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", f"sh -c 'echo \"$0\" > {tmp_path}/opened' %s")
    done = lltool("report", files["trial"], "--open")
    assert (done.returncode, done.stdout) == (0, "trial.html\n")
    assert (tmp_path / "opened").read_text() == f"{(tmp_path / 'trial.html').as_uri()}\n"


def test_where_no_browser_is_found_the_page_is_there_all_the_same(
    lltool: Any, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "false %s")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    done = lltool("report", files["trial"], "--open")
    assert done.returncode == 1
    assert "trial.html is written, but not opened: no browser was found" in done.stderr
    assert (tmp_path / "trial.html").exists()
