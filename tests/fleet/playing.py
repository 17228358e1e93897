"""Playbooks of the collection, as a controller plays them, and what they print."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fleet.namespaces import NamespaceHost

COLLECTION = Path(__file__).parents[2] / "ansible"
BIN = Path(sys.executable).parent
PLAYBOOK = BIN / "ansible-playbook"
NAMES = ("h1", "h2", "h3", "h4", "h5", "h6")
SOMAXCONN, LOWAT = "net.core.somaxconn", "net.ipv4.tcp_notsent_lowat"
_NEEDED = ("ip", "unshare", "sshd", "ssh", "ssh-keygen")

# Per network namespace, so that six hosts on one kernel do not write each other's values.
PROFILE = """
[settings]
"sysctl.net.core.somaxconn" = 8192
"sysctl.net.ipv4.tcp_notsent_lowat" = 16384
"sysctl.net.ipv4.tcp_slow_start_after_idle" = 0
"""


def obstacle() -> str:
    """Why no fleet can be had here; empty where it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not PLAYBOOK.exists():
        return "needs ansible-core"
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    return f"needs {', '.join(missing)}" if missing else ""


@dataclass
class Play:
    """What a playbook printed and how each host came out of it."""

    code: int
    output: str
    recap: dict[str, dict[str, int]]


def write_inventory(directory: Path, hosts: Mapping[str, Mapping[str, Any]], variables: Mapping[str, Any]) -> None:
    """Make ``directory`` a controller's: the collection, and an inventory of ``hosts`` with ``variables`` for all."""
    collections = directory / "ansible_collections/lltool"
    collections.mkdir(parents=True, exist_ok=True)
    if not (collections / "fleet").is_symlink():
        (collections / "fleet").symlink_to(COLLECTION)
    inventory = {"all": {"hosts": hosts, "vars": {"lltool_become": False, **variables}}}
    (directory / "inventory.json").write_text(json.dumps(inventory))


def played(name: str, *arguments: str, directory: Path, within_seconds: float = 280.0) -> Play:
    """Run a playbook of the collection on the inventory of ``directory``."""
    with started(name, *arguments, directory=directory) as process:
        try:
            output, _ = process.communicate(timeout=within_seconds)
        except BaseException:
            process.kill()
            raise
    recap = {
        line.split(":")[0].strip(): {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
        for line in output.partition("PLAY RECAP")[2].splitlines()
        if "ok=" in line
    }
    return Play(process.returncode, output, recap)


def started(name: str, *arguments: str, directory: Path) -> subprocess.Popen[str]:
    """The same, not waited for."""
    return subprocess.Popen(
        [PLAYBOOK, "-i", "inventory.json", f"lltool.fleet.{name}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=directory,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(directory),
            "ANSIBLE_HOST_KEY_CHECKING": "false",
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_FORKS": "6",
            "ANSIBLE_HOME": str(directory / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PWD": str(directory),
        },
    )


@dataclass
class Fleet:
    """Six hosts and the controller's side of them."""

    hosts: dict[str, NamespaceHost]
    directory: Path

    def play(self, name: str, *arguments: str, **variables: Any) -> Play:
        """Run a playbook of the collection."""
        return played(name, *arguments, "-e", json.dumps(variables), directory=self.directory)

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

    def reported(self) -> dict[str, Any]:
        """The document of `lltool fleet report` on what the playbook `report` collects."""
        play = self.play("report", lltool_report_directory=str(self.directory / "fleet"))
        assert play.code in {0, 4}, play.output
        assert (self.directory / "fleet.html").stat().st_size > 1000
        done = subprocess.run(
            [sys.executable, "-m", "lltool", "fleet", "report", "fleet", "--json"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
        )
        document: dict[str, Any] = json.loads(done.stdout)
        return document


def changed(play: Play) -> dict[str, int]:
    return {name: counts["changed"] for name, counts in play.recap.items()}
