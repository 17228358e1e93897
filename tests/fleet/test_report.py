"""Many hosts' documents become one picture; what a host sends is data, and no host is lost."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import pytest
from jsonschema import Draft202012Validator

from lltool.bench.results import write_result
from lltool.errors import InvalidInput
from lltool.fleet.collected import MAX_BYTES, MAX_VALUES, hosts
from lltool.fleet.document import fleet_document
from lltool.fleet.host_report import HostReport, Standing
from lltool.fleet.outliers import outliers, scores
from lltool.fleet.page import MOST_ROWS, fleet_page
from lltool.fleet.picture import Fleet, picture
from lltool.reports.render_fleet import render_fleet
from tests.conftest import Synthetic

Command = Callable[..., subprocess.CompletedProcess[str]]
SCHEMAS = Path(__file__).parents[2] / "lltool/schemas"
HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202e"


def state(host: str, *, figure: float | None = None, unfinished: bool = False, **verdicts: list[str]) -> dict[str, Any]:
    named = {name.replace("_", "-"): settings for name, settings in verdicts.items()}
    brief = {
        "created": "2024-03-01T09:00:00Z",
        "label": "",
        "version": "0.1.0",
        "cores": [1],
        "runs": 10,
        "figures": {"p50": figure},
        "units": {"p50": "ns"},
        "count": 10,
        "sum_ns": 10.0,
    }
    findings = [
        {"setting": setting, "verdict": verdict, "live": "1", "wanted": "0", "reason": f"why {setting}"}
        for verdict, settings in named.items()
        if verdict not in {"ok", "not-applicable"}
        for setting in settings
    ]
    return {
        "schema": "lltool.host-state/1",
        "host": host,
        "created": 1.7e9,
        "version": "0.1.0",
        "equipment": {"machine": "m", "kernel": "6.1"},
        "verify": {"created": 1.7e9, "profile": "hft", "profile_hash": "a", "verdicts": named, "findings": findings},
        "bench": None if figure is None else {"created": 1.7e9, "benchmarks": {"tcp.rtt": brief}},
        "noise": None,
        "trial": None,
        "reboot_required": False,
        "rollback_available": True,
        "unfinished": unfinished,
    }


def put(directory: Path, name: str, document: Any) -> None:
    directory.mkdir(exist_ok=True, parents=True)
    text = document if isinstance(document, str) else json.dumps(document)
    (directory / f"{name}.json").write_text(text)


def seen(directory: Path) -> dict[str, HostReport]:
    return {host.name: host for host in hosts(directory)}


def page_of(fleet: Fleet) -> str:
    return render_fleet(fleet_page(fleet, "fleet", 1.7e9))


def test_every_host_has_one_standing(tmp_path: Path) -> None:
    put(tmp_path, "good", state("good", ok=["a", "b"], not_applicable=["c"], refused=["d"]))
    put(tmp_path, "drifted", state("drifted", ok=["a"], drift=["b"]))
    put(tmp_path, "clamped", state("clamped", partial=["b"]))
    put(tmp_path, "staged", state("staged", ok=["a"], pending_reboot=["b"]))
    put(tmp_path, "both", state("both", drift=["a"], pending_reboot=["b"]))
    put(tmp_path, "half", state("half", unfinished=True, drift=["a"]))
    put(tmp_path, "fresh", {**state("fresh"), "verify": None})
    put(tmp_path, "gone", {"schema": "lltool.host-status/1", "status": "unreachable", "reason": "timed out"})
    put(tmp_path, "torn", '{"schema": "lltool.host-state/1", "ho')
    put(tmp_path, "other", {"schema": "lltool.plan/1"})
    put(tmp_path, "later", {"schema": "lltool.host-state/2"})
    (tmp_path / "empty").mkdir()
    found = {name: host.standing.value for name, host in seen(tmp_path).items()}
    assert found == {
        "good": "compliant",
        "drifted": "drifted",
        "clamped": "drifted",
        "staged": "reboot pending",
        "both": "drifted",
        "half": "unfinished",
        "fresh": "not verified",
        "gone": "unreachable",
        "torn": "refused",
        "other": "refused",
        "later": "refused",
        "empty": "refused",
    }
    assert "lltool.plan/1" in seen(tmp_path)["other"].reason
    assert "no file" in seen(tmp_path)["empty"].reason


def test_a_status_beats_what_an_earlier_collection_left(tmp_path: Path) -> None:
    put(tmp_path / "h1", "state", state("h1", ok=["a"]))
    put(tmp_path / "h1", "status", {"schema": "lltool.host-status/1", "status": "unreachable"})
    host = seen(tmp_path)["h1"]
    assert host.standing is Standing.UNREACHABLE
    assert host.verified is None


def test_plain_documents_of_the_commands_are_understood(tmp_path: Path, synthetic: Synthetic) -> None:
    findings = [{"setting": "s", "verdict": "drift", "live": "1", "wanted": "0", "reason": "r"}]
    put(tmp_path / "h1", "v", {"schema": "lltool.verify/1", "profile": "hft", "settings": findings})
    write_result(synthetic.trial(tcp_rtt=(10_000, 8_000)), tmp_path / "h1" / "trial.json")
    write_result(
        synthetic.result(synthetic.arm("timer.cost", "bench", 100), design="sequential"), tmp_path / "h1" / "bench.json"
    )
    host = seen(tmp_path)["h1"]
    assert host.standing is Standing.DRIFTED
    assert host.deviating == {"s": "drift"}
    assert host.changes["tcp.rtt"].outcome == "better"
    assert host.figures["timer.cost"].metric == "centre"
    assert dict(host.group)["kernel"] == "6.1.0-18-amd64"
    assert host.faults == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("equipment"),
        lambda d: d["verify"].update(verdicts={"fine": ["a"]}),
        lambda d: d["verify"].update(created="yesterday"),
        lambda d: d.update(host="x" * 1_000_000),
        lambda d: d["equipment"].update(machine=["m"]),
        lambda d: d["verify"].update(verdicts={"ok": ["a"] * 5001}),
    ],
    ids=["a key missing", "no such verdict", "no time", "a long name", "another type", "too many settings"],
)
def test_a_malformed_document_is_refused_and_its_host_listed(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None]
) -> None:
    document = state("h1", ok=["a"])
    damage(document)
    put(tmp_path, "h1", document)
    put(tmp_path, "h2", state("h2", ok=["a"]))
    found = seen(tmp_path)
    assert found["h1"].standing is Standing.REFUSED
    assert found["h1"].reason
    assert len(found["h1"].reason) < 1000
    assert found["h2"].standing is Standing.COMPLIANT


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "h1.json").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    host = seen(tmp_path)["h1"]
    assert host.standing is Standing.REFUSED
    assert "larger than" in host.reason


VERIFIED = '{"schema": "lltool.verify/1", "profile": "hft", "settings": '
STATE = '{"schema": "lltool.host-state/1", "x": '


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (VERIFIED + "9" * 5000 + "}", "number out of range"),
        (VERIFIED + "[" * 100_000, "recursion limit"),
        (VERIFIED + '[{"setting": "a", "verdict": ["x"]}]}', "not what `lltool verify --json` prints"),
        (VERIFIED + '[{"setting": "\\ud800", "verdict": "drift"}]}', "hex escape"),
        (json.dumps(state("h1")).replace("1700000000.0", "1e999"), "finite number"),
        (json.dumps(state("h1")).replace("1700000000.0", "NaN"), "finite number"),
        (STATE + "[" + "[]," * MAX_VALUES + "[]]}", f"more than {MAX_VALUES} values"),
        ("", "EOF"),
    ],
    ids=[
        "a long number",
        "deep",
        "another type",
        "half a character",
        "infinite",
        "no number",
        "a million values",
        "empty",
    ],
)
def test_text_that_would_harm_its_reader_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    put(tmp_path, "h1", text)
    put(tmp_path, "h2", state("h2", ok=["a"]))
    found = seen(tmp_path)
    assert (found["h1"].standing, found["h2"].standing) == (Standing.REFUSED, Standing.COMPLIANT)
    assert reason in found["h1"].reason


def test_a_directory_without_hosts_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no host"):
        list(hosts(tmp_path))
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(hosts(tmp_path / "missing"))


def test_an_outlier_stands_out_among_its_equals_only(tmp_path: Path) -> None:
    for number in range(9):
        put(tmp_path, f"h{number}", state(f"h{number}", figure=1000 + number, ok=["a"]))
    put(tmp_path, "slow", state("slow", figure=1500, ok=["a"]))
    other = state("other", figure=5000, ok=["a"])
    other["equipment"]["kernel"] = "6.12"
    put(tmp_path, "other", other)
    fleet = picture(hosts(tmp_path))
    assert [(each.host, each.benchmark) for each in fleet.outliers] == [("slow", "tcp.rtt")]
    assert [len(group.hosts) for group in fleet.groups] == [10, 1]


def test_scores_are_those_of_the_definition() -> None:
    # 1, 2, 3, 4, 100: the median is 3, the deviations 2 1 0 1 97, their median 1.
    assert scores([1, 2, 3, 4, 100])[4] == pytest.approx(0.6745 * 97)
    # Where most agree exactly the mean deviation stands in: 97/5 about the median.
    assert scores([3, 3, 3, 3, 100])[4] == pytest.approx(97 / (1.253314 * 97 / 5), rel=1e-4)
    assert scores([3, 3, 3]) == [0, 0, 0]


def test_a_tight_group_has_no_outliers_of_a_few_per_cent() -> None:
    values = {f"h{number}": 1000.0 + number / 100 for number in range(10)} | {"x": 1050.0}
    assert outliers("b", "p50", "ns", values) == []
    assert [each.host for each in outliers("b", "p50", "ns", values | {"x": 1101.0})] == ["x"]
    assert outliers("b", "p50", "ns", {"a": 1.0, "b": 1.0, "c": 1.0, "d": 9.0}) == []


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([state("a", ok=["s"])], 0),
        ([state("a", ok=["s"]), state("b", pending_reboot=["s"])], 4),
        ([state("b", pending_reboot=["s"]), {"schema": "lltool.host-status/1", "status": "failed"}], 1),
        ([{"schema": "lltool.host-status/1", "status": "unreachable"}, state("c", drift=["s"])], 3),
    ],
)
def test_the_exit_code_is_that_of_the_worst_host(
    lltool: Command, tmp_path: Path, documents: list[dict[str, Any]], code: int
) -> None:
    for number, document in enumerate(documents):
        put(tmp_path / "fleet", f"h{number}", document)
    done = lltool("fleet", "report", "fleet", "--json")
    assert done.returncode == code, done.stderr
    found = json.loads(done.stdout)
    Draft202012Validator(json.loads((SCHEMAS / "lltool.fleet-1.json").read_text())).validate(found)
    assert len(found["hosts"]) == len(documents)
    assert not (tmp_path / "fleet.html").exists()


def test_the_command_writes_the_page_beside_the_directory(lltool: Command, tmp_path: Path) -> None:
    put(tmp_path / "fleet", "h1", state("h1", drift=["s"]))
    done = lltool("fleet", "report", "fleet")
    assert done.returncode == 3
    assert done.stdout.strip() == str(tmp_path / "fleet.html")
    assert "h1" in (tmp_path / "fleet.html").read_text()
    assert (tmp_path / "fleet.html").stat().st_mode & 0o777 == 0o600
    refused = lltool("fleet", "report", "missing")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_what_hosts_send_does_nothing_in_the_page(tmp_path: Path) -> None:
    document = state(HOSTILE, figure=1.0, drift=[HOSTILE])
    document["equipment"] = {HOSTILE: HOSTILE}
    document["verify"]["profile"] = HOSTILE
    put(tmp_path, "h1", document)
    put(tmp_path, "h2", {"schema": "lltool.host-status/1", "status": "failed", "reason": HOSTILE})
    put(tmp_path, "h3", {"schema": HOSTILE})
    page = page_of(picture(hosts(tmp_path)))
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    assert tree.findall(".//script") == []
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_hosts_that_deviate_alike_are_one_row_and_long_lists_say_what_is_left_out(tmp_path: Path) -> None:
    for number in range(MOST_ROWS + 50):
        put(tmp_path, f"alike{number}", state(f"x{number}", drift=["s"]))
        put(tmp_path, f"gone{number}", {"schema": "lltool.host-status/1", "status": "unreachable"})
    page = fleet_page(picture(hosts(tmp_path)), "fleet", 0)
    assert [row.hosts for row in page.patterns] == [str(MOST_ROWS + 50)]
    assert len(page.attention) == MOST_ROWS
    assert page.left_out == ("50 more hosts to look at are in the JSON document",)


def test_the_document_names_the_group_of_each_host(tmp_path: Path) -> None:
    put(tmp_path, "h1", state("h1", ok=["a"], drift=["b"]))
    found = fleet_document(picture(hosts(tmp_path)))
    (host,) = found["hosts"]
    assert host["group"] == 0
    assert host["deviating"] == {"b": "drift"}
    assert host["reasons"] == {"b": "why b"}
    assert found["settings"] == [{"setting": "b", "counts": {"drift": 1}}]


def test_what_cannot_be_read_is_a_host_that_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "good", state("good", ok=["a"]))
    os.symlink(tmp_path / "nowhere", tmp_path / "nowhere.json")
    os.symlink("loop", tmp_path / "loop")
    os.symlink("circle.json", tmp_path / "circle.json")
    os.mkfifo(tmp_path / "pipe.json")
    os.symlink("/dev/zero", tmp_path / "endless.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "notes.txt").write_text("no host")
    found = seen(tmp_path)
    assert {name: host.standing.value for name, host in found.items()} == {
        "good": "compliant",
        "nowhere": "refused",
        "loop": "refused",
        "circle": "refused",
        "pipe": "refused",
        "endless": "refused",
        "folder.json": "refused",
    }
    assert "not a regular file" in found["pipe"].reason
    assert "symbolic links" in found["loop"].reason


def test_a_name_that_is_no_utf8_is_a_host_on_the_page_and_in_the_document(lltool: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "fleet") + b"/h\xff.json")).write_text(json.dumps(state("h1", drift=["s"])))
    done = lltool("fleet", "report", "fleet", "--json", "-o", "page.html")
    assert done.returncode == 3, done.stderr
    assert [each["host"] for each in json.loads(done.stdout)["hosts"]] == ["h\\xff"]
    assert "h\\xff" in (tmp_path / "page.html").read_text()


def test_of_several_documents_the_newest_is_how_the_host_is(tmp_path: Path) -> None:
    put(tmp_path / "h1", "a", state("h1", ok=["s"]) | {"created": 1.7e9})
    put(tmp_path / "h1", "b", state("h1", drift=["s"]) | {"created": 1.6e9})
    assert seen(tmp_path)["h1"].standing is Standing.COMPLIANT


def test_one_host_in_two_files_and_a_clock_that_is_ahead_are_pointed_out(tmp_path: Path) -> None:
    put(tmp_path, "h1", state("same", ok=["s"]))
    put(tmp_path, "h2", state("same", ok=["s"]))
    put(tmp_path, "h3", state("h3", ok=["s"]) | {"created": 1.7e9 + 1200})
    found = {host.name: host for host in hosts(tmp_path, now=1.7e9)}
    assert found["h1"].faults == ()
    assert "as h1 does" in found["h2"].faults[0]
    assert "20 minutes from now" in found["h3"].faults[0]
    page = fleet_page(picture(found.values()), "fleet", 1.7e9)
    assert [row.host for row in page.attention] == ["h2", "h3"]
