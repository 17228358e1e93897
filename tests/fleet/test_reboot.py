"""Hosts reboot one after the other, where that is allowed, and none after one that did not come back as it should.

Nothing reboots here: in each host's mount namespace a script stands in the place of shutdown, which notes that it was
called and gives the host another boot id.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.namespaces import NamespaceHost
from tests.fleet.playing import Fleet

SHUTDOWN = "/usr/sbin/shutdown"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
STAND_IN = """#!/bin/sh
echo {name} >> {log}
echo another-boot-of-{name} > {boot_id}
"""


@pytest.fixture
def rebooting(fleet: Fleet, tmp_path: Path) -> Fleet:
    """Hosts whose one setting needs a reboot, and which do not comply after it."""
    if not Path(SHUTDOWN).exists():
        pytest.skip(f"needs {SHUTDOWN}")
    for name, host in fleet.hosts.items():
        found, boot_id, shutdown = host.home / "found", host.home / "boot_id", host.home / "shutdown"
        found.write_text("drift")
        boot_id.write_text(f"first-boot-of-{name}\n")
        shutdown.write_text(STAND_IN.format(name=name, log=tmp_path / "reboots", boot_id=boot_id))
        shutdown.chmod(0o755)
        mount(host, boot_id, BOOT_ID)
        mount(host, shutdown, SHUTDOWN)
        stand_in = Path(__file__).with_name("rebooting.py")
        (host.home / "opt/bin/lltool").write_text(f'#!/bin/sh\nexec {sys.executable} {stand_in} {found} "$@"\n')
    return fleet


def mount(host: NamespaceHost, source: Path, place: str) -> None:
    """Put a file in the place of another one for this host alone."""
    subprocess.run(
        ["nsenter", "--target", str(host.process.pid), "--mount", "mount", "--bind", source, place], check=True
    )
    seen = ["nsenter", "--target", str(host.process.pid), "--mount", "cat", place]
    assert subprocess.run(seen, capture_output=True, text=True, check=True).stdout == source.read_text()


def test_no_host_reboots_after_one_that_does_not_comply(rebooting: Fleet, tmp_path: Path) -> None:
    staged = rebooting.play("tune", "--limit", "h1", lltool_persist=True)
    assert staged.code == 0, staged.output
    assert not (tmp_path / "reboots").exists()

    play = rebooting.play(
        "tune", "--limit", "h1,h2,h3", lltool_persist=True, lltool_reboot_ok=True, lltool_serial=["100%"]
    )
    (first,) = (tmp_path / "reboots").read_text().split()
    assert {name for name, counts in play.recap.items() if counts["failed"]} == {"h1", "h2", "h3"}
    assert play.output.count(f"not rebooted, because {first} did not come back as it should") >= 2, play.output
