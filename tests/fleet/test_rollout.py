"""The collection on six hosts over real ssh: rolled out, found drifted, rolled back, and no host lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.namespaces import NamespaceHost, namespace_hosts

COLLECTION = Path(__file__).parents[2] / "ansible"
BIN = Path(sys.executable).parent
PLAYBOOK = BIN / "ansible-playbook"
NAMES = ("h1", "h2", "h3", "h4", "h5", "h6")
NEEDED = ("ip", "unshare", "sshd", "ssh", "ssh-keygen")

# Per network namespace, so that six hosts on one kernel do not write each other's values.
PROFILE = """
[settings]
"sysctl.net.core.somaxconn" = 8192
"sysctl.net.ipv4.tcp_notsent_lowat" = 16384
"sysctl.net.ipv4.tcp_slow_start_after_idle" = 0
"""
HOLDER = """
import fcntl, sys, time
held = open(sys.argv[1], "w")
fcntl.flock(held, fcntl.LOCK_EX)
print(flush=True)
time.sleep(300)
"""
SOMAXCONN, LOWAT = "net.core.somaxconn", "net.ipv4.tcp_notsent_lowat"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not PLAYBOOK.exists(), reason="needs ansible-core"),
    pytest.mark.skipif(any(shutil.which(name) is None for name in NEEDED), reason=f"needs {', '.join(NEEDED)}"),
]


@dataclass
class Play:
    """What a playbook printed and how each host came out of it."""

    code: int
    output: str
    recap: dict[str, dict[str, int]]


@dataclass
class Fleet:
    """Six hosts and the controller's side of them."""

    hosts: dict[str, NamespaceHost]
    directory: Path

    def play(self, name: str, *arguments: str, **variables: Any) -> Play:
        """Run a playbook of the collection."""
        done = subprocess.run(
            [*self.command(name), *arguments, "-e", json.dumps(variables)],
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
            cwd=self.directory,
            env=self.environment,
        )
        recap = {
            line.split(":")[0].strip(): {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
            for line in done.stdout.partition("PLAY RECAP")[2].splitlines()
            if "ok=" in line
        }
        return Play(done.returncode, done.stdout + done.stderr, recap)

    def command(self, name: str) -> list[str]:
        """The command line of a playbook of the collection."""
        return [str(PLAYBOOK), "-i", "inventory.json", f"lltool.fleet.{name}"]

    @property
    def environment(self) -> dict[str, str]:
        """Of the controller: its own collections, no host keys to be asked about."""
        return os.environ | {
            "ANSIBLE_COLLECTIONS_PATH": str(self.directory),
            "ANSIBLE_HOST_KEY_CHECKING": "false",
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_FORKS": "6",
            "ANSIBLE_HOME": str(self.directory / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }

    def values(self, key: str) -> dict[str, str]:
        """A sysctl on every host."""
        return {name: host.run("sysctl", "-n", key) for name, host in self.hosts.items()}

    def files(self) -> dict[str, str]:
        """Every file that the hosts have of their own under /etc, with its content."""
        return {
            str(path.relative_to(self.directory)): path.read_text()
            for host in self.hosts.values()
            for path in sorted((host.home / "etc").rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    (tmp_path / "profile.toml").write_text(PROFILE)
    collections = tmp_path / "ansible_collections" / "lltool"
    collections.mkdir(parents=True)
    (collections / "fleet").symlink_to(COLLECTION)
    with namespace_hosts(NAMES, tmp_path) as hosts:
        options = (
            f"-i {tmp_path}/keys/client -o ControlMaster=no -o ControlPersist=no -o UserKnownHostsFile=/dev/null "
            "-o ConnectTimeout=5"
        )
        inventory = {
            "all": {
                "hosts": {name: {"ansible_host": host.address} for name, host in hosts.items()},
                "vars": {
                    "ansible_user": "root",
                    "ansible_ssh_common_args": options,
                    "ansible_python_interpreter": sys.executable,
                    "lltool_become": False,
                    "lltool_profile": str(tmp_path / "profile.toml"),
                    "lltool_report_executable": str(BIN / "lltool"),
                },
            }
        }
        (tmp_path / "inventory.json").write_text(json.dumps(inventory))
        yield Fleet(hosts, tmp_path)


def changed(play: Play) -> dict[str, int]:
    return {name: counts["changed"] for name, counts in play.recap.items()}


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
    found = reported(fleet)
    assert {host["host"]: host["deviating"] for host in found["hosts"] if host["deviating"]} == {
        "h2": {"sysctl.net.core.somaxconn": "drift"}
    }
    fleet.hosts["h2"].run("sysctl", "-w", f"{SOMAXCONN}=8192")

    undone = fleet.play("rollback", lltool_serial=["100%"])
    assert undone.code == 0, undone.output
    assert changed(undone) == dict.fromkeys(NAMES, 1)
    assert {key: fleet.values(key) for key in before} == before
    assert fleet.files() == files


def reported(fleet: Fleet) -> dict[str, Any]:
    play = fleet.play("report", lltool_report_directory=str(fleet.directory / "fleet"))
    assert play.code in {0, 4}, play.output
    assert (fleet.directory / "fleet.html").stat().st_size > 1000
    done = subprocess.run(
        [sys.executable, "-m", "lltool", "fleet", "report", "fleet", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=fleet.directory,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_canary_that_fails_keeps_the_rest_untouched(fleet: Fleet) -> None:
    before = fleet.values(SOMAXCONN)
    # h1 is the canary: its lltool breaks.
    (fleet.hosts["h1"].home / "opt/bin/lltool").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    play = fleet.play("tune", lltool_serial=[1, "100%"])
    assert play.code != 0
    assert play.recap["h1"]["failed"] == 1
    assert "broken" in play.output
    assert set(play.recap) == {"h1"}
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
    found = {host["host"]: host for host in reported(fleet)["hosts"]}
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
    assert play.recap["h1"]["failed"] + play.recap["h1"]["unreachable"] + play.recap["h1"].get("rescued", 0) >= 1
    assert fleet.values(SOMAXCONN)["h1"] == "8192"
    found = {host["host"]: host for host in reported(fleet)["hosts"]}
    assert found["h1"]["standing"] == "unfinished"
    undone = fleet.play("rollback", "--limit", "h1")
    assert undone.code == 0, undone.output
    assert fleet.values(SOMAXCONN) == before


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
