"""The modules of the collection, called as Ansible calls them, with an lltool that says what the test wants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.playing import COLLECTION, PLAYBOOK

HOSTILE = "$(touch pwned) `touch pwned`; touch pwned | 'x' \"y\" \n--root=/ \\"
PLACE = "x y/$(touch pwned)"
Called = dict[str, Any]

pytestmark = pytest.mark.skipif(not PLAYBOOK.exists(), reason="needs ansible-core")


def call(module: str, directory: Path, /, **parameters: Any) -> Called:
    """What the module returns; ``directory`` is where it runs."""
    done = subprocess.run(
        [sys.executable, COLLECTION / f"plugins/modules/{module}.py"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": parameters}),
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
    )
    assert done.stderr == ""
    returned: Called = json.loads(done.stdout)
    return returned


@pytest.fixture
def lltool_that(tmp_path: Path) -> Callable[..., Callable[..., Called]]:
    """An lltool that prints this, and the module that calls it; its words are kept in the file ``words``."""

    def make(prints: str, *, says: str = "", code: int = 0) -> Callable[..., Called]:
        (tmp_path / "prints").write_text(prints)
        (tmp_path / "says").write_text(says)
        program = tmp_path / "lltool"
        program.write_text(
            f'#!/bin/sh\ncd {tmp_path} && printf "%s\\0" "$@" > words && cat says >&2 && cat prints && exit {code}\n'
        )
        program.chmod(0o755)
        return lambda **parameters: call("lltool", tmp_path, executable=str(program), **parameters)

    return make


def document(name: str, **content: Any) -> str:
    return json.dumps({"schema": f"lltool.{name}/1", **content})


@pytest.mark.parametrize(
    ("prints", "said"),
    [
        (document("tune", settings=[]), "it does not tell what it changed"),
        (json.dumps({"schema": "lltool.tune/2", "changes": []}), "'lltool.tune/2', and 'lltool.tune/1' is understood"),
        ("[]", "'None'"),
        ("no JSON", "printed no JSON"),
        ("[" * 100_000, "printed no JSON"),
        ('"' + "x" * (1 << 20) + '"', "more than 1048576"),
    ],
    ids=["older", "newer", "another type", "no JSON", "nested", "beyond all measure"],
)
def test_an_lltool_that_is_not_understood_fails_its_host_and_what_it_may_have_changed_is_undone(
    lltool_that: Callable[..., Callable[..., Called]], prints: str, said: str
) -> None:
    tune = lltool_that(prints)
    found = tune(action="tune")
    assert found["failed"]
    assert said in found["msg"]
    assert len(json.dumps(found)) < 3000
    assert found["changed"]  # by which tasks/failed.yml decides that the host goes back
    assert not tune(action="tune", _ansible_check_mode=True)["changed"]


def test_parameters_are_words_and_no_shell_reads_them(
    lltool_that: Callable[..., Callable[..., Called]], tmp_path: Path
) -> None:
    bench = lltool_that("")
    assert not bench(action="bench", benchmarks=[HOSTILE, "--help"], cores=HOSTILE, output=PLACE).get("failed")
    words = ["bench", "run", "--quick", "--cores", HOSTILE, "--output", PLACE, "--", HOSTILE, "--help"]
    assert (tmp_path / "words").read_text().split("\0")[:-1] == words
    tune = lltool_that(document("tune", settings=[], changes=[]))
    assert not tune(action="tune", profile=HOSTILE, only=[HOSTILE], skip=[HOSTILE])["changed"]
    words = ["tune", "--yes", "--profile", HOSTILE, "--only", HOSTILE, "--skip", HOSTILE, "--json"]
    assert (tmp_path / "words").read_text().split("\0")[:-1] == words
    assert not list(tmp_path.glob("**/pwned"))


def test_results_are_in_a_directory_of_their_owner(
    lltool_that: Callable[..., Callable[..., Called]], tmp_path: Path
) -> None:
    measure = lltool_that("")
    assert measure(action="bench", output=str(tmp_path / "checked/b.json"), _ansible_check_mode=True)["skipped"]
    assert not (tmp_path / "checked").exists()
    measure(action="trial", output=str(tmp_path / "results/trial"))
    assert (tmp_path / "results").stat().st_mode & 0o777 == 0o700


def test_what_lltool_says_is_kept_in_bounds(lltool_that: Callable[..., Callable[..., Called]]) -> None:
    said = "x" * 100_000 + "\n" * 100_000
    passed = lltool_that(document("host-state"), says=said)(action="state")
    failed = lltool_that("", says=said, code=1)(action="state")
    assert max(len(json.dumps(each)) for each in (passed, failed)) < 20_000
    assert failed["exit_code"] == 1


def test_a_plan_is_a_change_where_a_value_or_a_file_would_be_written(
    lltool_that: Callable[..., Callable[..., Called]],
) -> None:
    staged = {"setting": "boot.isolcpus", "live": "", "wanted": "2-3", "action": "reboot"}
    check = {"action": "tune", "persist": True, "_ansible_check_mode": True}
    done = lltool_that(document("plan", settings=[staged], persist=[]))(**check)
    assert (done["changed"], done["diff"]) == (False, {"before": "", "after": ""})
    files = lltool_that(document("plan", settings=[staged], persist=["write /etc/default/grub.d/99-lltool.cfg"]))
    assert files(**check)["diff"]["after"] == "boot.isolcpus = 2-3\nwrite /etc/default/grub.d/99-lltool.cfg\n"
    assert files(**check)["changed"]


def test_documents_are_for_their_owner_only_and_replace_what_is_in_their_place(tmp_path: Path) -> None:
    fleet, other = tmp_path / "fleet", tmp_path / "other"
    answers = {name: {"state": {"host": name}} for name in ("fresh", "open", "link", "pipe")}
    assert call("documents", tmp_path, directory=str(fleet), answers={})["written"] == 0
    other.write_text("not a host's")
    (fleet / "open.json").write_text(json.dumps({"host": "open"}))
    (fleet / "open.json").chmod(0o644)
    (fleet / "link.json").symlink_to(other)
    os.mkfifo(fleet / "pipe.json")
    found = call("documents", tmp_path, directory=str(fleet), answers=answers)
    assert (found["changed"], found["written"]) == (True, 4)
    assert call("documents", tmp_path, directory=str(fleet), answers=answers)["written"] == 0
    assert fleet.stat().st_mode & 0o777 == 0o700
    files = sorted(fleet.iterdir())
    assert {path.lstat().st_mode & 0o170777 for path in files} == {0o100600}
    assert [json.loads(path.read_text()) for path in files] == [{"host": path.stem} for path in files]
    assert other.read_text() == "not a host's"


@pytest.mark.parametrize("name", ["..", "../h1", "/etc/h1", ".hidden", ""])
def test_a_host_whose_name_leaves_the_directory_is_refused(tmp_path: Path, name: str) -> None:
    found = call("documents", tmp_path, directory=str(tmp_path / "fleet"), answers={name: {}})
    assert found["failed"]
    assert repr(name) in found["msg"]
    assert list(tmp_path.iterdir()) == []


def test_what_a_host_says_is_cut_where_it_is_beyond_all_measure(tmp_path: Path) -> None:
    answers = {"large": {"state": {"x": "y" * (1 << 20)}}, "long": {"failed": True, "msg": "z" * 5000}}
    call("documents", tmp_path, directory=str(tmp_path / "fleet"), answers=answers)
    kept = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "fleet").iterdir()}
    assert {name: each["status"] for name, each in kept.items()} == {"large": "refused", "long": "failed"}
    assert max(len(each["reason"]) for each in kept.values()) == 900
