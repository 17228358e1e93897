"""The collection on six hosts over real ssh: rolled out, found drifted, rolled back, and no host lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fleet.playing import BIN, COLLECTION, LOWAT, NAMES, SOMAXCONN, Fleet, changed, played, started

HOLDER = """
import fcntl, sys, time
held = open(sys.argv[1], "w")
fcntl.flock(held, fcntl.LOCK_EX)
print(flush=True)
time.sleep(300)
"""


def test_a_fleet_is_tuned_once_verified_and_put_back(fleet: Fleet) -> None:
    before = {key: fleet.values(key) for key in (SOMAXCONN, LOWAT)}
    files = fleet.files()

    checked = fleet.play("tune", "--check", "--diff")
    assert checked.code == 0, checked.output
    assert changed(checked) == dict.fromkeys(NAMES, 1)
    assert "+sysctl.net.core.somaxconn = 8192" in checked.output
    assert {key: fleet.values(key) for key in before} == before
    assert fleet.files() == files
    assert not any(list((host.home / "state").iterdir()) for host in fleet.hosts.values())

    first = fleet.play("tune", lltool_serial=[1, "100%"])
    assert first.code == 0, first.output
    assert changed(first) == dict.fromkeys(NAMES, 1)
    assert set(fleet.values(SOMAXCONN).values()) == {"8192"}

    again = fleet.play("tune", lltool_serial=["100%"])
    assert again.code == 0, again.output
    assert changed(again) == dict.fromkeys(NAMES, 0)

    fleet.hosts["h2"].run("sysctl", "-w", f"{SOMAXCONN}=999")
    verified = fleet.play("verify")
    assert {name for name, counts in verified.recap.items() if counts["failed"]} == {"h2"}
    found = fleet.reported()
    assert {host["host"]: host["deviating"] for host in found["hosts"] if host["deviating"]} == {
        "h2": {"sysctl.net.core.somaxconn": "drift"}
    }
    fleet.hosts["h2"].run("sysctl", "-w", f"{SOMAXCONN}=8192")

    undone = fleet.play("rollback", lltool_serial=["100%"])
    assert undone.code == 0, undone.output
    assert changed(undone) == dict.fromkeys(NAMES, 1)
    assert {key: fleet.values(key) for key in before} == before
    assert fleet.files() == files


def test_a_canary_that_fails_keeps_the_rest_untouched(fleet: Fleet) -> None:
    before = fleet.values(SOMAXCONN)
    # h1 is the canary: its lltool breaks.
    (fleet.hosts["h1"].home / "opt/bin/lltool").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    play = fleet.play("tune", lltool_serial=[1, "100%"])
    assert play.code != 0
    assert play.recap["h1"]["failed"] == 1
    assert "broken" in play.output
    assert {name for name, counts in play.recap.items() if counts["ok"] + counts["changed"]} <= {"h1"}
    assert fleet.values(SOMAXCONN) == before


def test_hosts_that_do_not_answer_or_are_locked_are_listed(fleet: Fleet) -> None:
    fleet.hosts["h3"].kill()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(fleet.hosts["h4"].home / "state/lock")], stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            play = fleet.play("tune", lltool_serial=["100%"], lltool_max_fail_percentage=100)
        finally:
            holder.kill()
    assert play.recap["h3"]["unreachable"] == 1
    assert play.recap["h4"]["failed"] == 1
    assert "is held" in play.output
    assert changed(play)["h5"] == 1
    fleet.hosts["h6"].home.joinpath("opt/bin/lltool").write_text('#!/bin/sh\necho "no such command" >&2\nexit 2\n')
    found = {host["host"]: host for host in fleet.reported()["hosts"]}
    assert set(found) == set(NAMES)
    assert found["h3"]["standing"] == "unreachable"
    assert found["h6"]["standing"] == "failed"
    assert "no such command" in found["h6"]["reason"]
    assert found["h5"]["standing"] != "unreachable"


def test_a_host_cut_off_in_the_middle_is_healed_by_rollback(fleet: Fleet) -> None:
    before = fleet.values(SOMAXCONN)
    home = fleet.hosts["h1"].home
    # Every write and each record is a place where lltool may be; killed at its first read-back, values are changed.
    (home / "opt/bin/lltool").write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = tune ] && [ "$2" = --yes ]; then\n'
        f'  exec {sys.executable} {Path(__file__).with_name("cut_off.py")} "$@"\nfi\n'
        f'exec {sys.executable} -m lltool "$@"\n'
    )
    play = fleet.play("tune", "--limit", "h1")
    assert play.recap["h1"]["unreachable"] == 1, play.output
    assert fleet.values(SOMAXCONN)["h1"] == "8192"
    found = {host["host"]: host for host in fleet.reported()["hosts"]}
    assert found["h1"]["standing"] == "unfinished"
    undone = fleet.play("rollback", "--limit", "h1")
    assert undone.code == 0, undone.output
    assert fleet.values(SOMAXCONN) == before


def test_of_two_playbooks_at_once_one_is_refused_and_undoes_nothing_of_the_other(fleet: Fleet, tmp_path: Path) -> None:
    before = fleet.values(SOMAXCONN)
    program = fleet.hosts["h1"].home / "opt/bin/lltool"
    own = program.read_text()
    program.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = tune ] && [ "$2" = --yes ]; then\n'
        f'  exec {sys.executable} {Path(__file__).with_name("slow.py")} {tmp_path}/slow "$@"\nfi\n'
        f'exec {sys.executable} -m lltool "$@"\n'
    )
    serial = ("-e", '{"lltool_serial": ["100%"], "lltool_max_fail_percentage": 100}')
    with started("tune", "--limit", "h1", directory=fleet.directory) as first:
        try:
            deadline = time.monotonic() + 120
            while not (tmp_path / "slow.inside").exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            program.write_text(own)
            second = played("tune", "--limit", "h1,h2", *serial, directory=fleet.directory)
        finally:
            (tmp_path / "slow.leave").touch()
        output, _ = first.communicate(timeout=120)
    assert first.returncode == 0, output
    assert {name: counts["failed"] for name, counts in second.recap.items()} == {"h1": 1, "h2": 0}, second.output
    assert "is held" in second.output
    assert fleet.values(SOMAXCONN) == before | {"h1": "8192", "h2": "8192"}


def test_the_collection_is_clean_to_the_linter(tmp_path: Path) -> None:
    if not (BIN / "ansible-lint").exists():
        pytest.skip("needs ansible-lint")
    place = tmp_path / "ansible_collections" / "lltool" / "fleet"
    shutil.copytree(COLLECTION, place)
    done = subprocess.run(
        [BIN / "ansible-lint", "--offline", "--profile", "production"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
