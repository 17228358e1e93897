"""What happened since a moment: read from the kernel's log, package logs, files and processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lltool.host.events import EventKind, read_events
from lltool.host.tuners import Tuner, Tuners, TunerState
from lltool.root import Root

BOOTED = 1_700_000_000
NOBODY = Tuners((), has_processes=True)

LOG = """6,0,100,-;Linux version 6.12.0
6,1,5000000,-;smpboot: Booting Node 0 Processor 3 APIC 0x3
6,2,60000000,-;igb 0000:01:00.0 eth0: igb: eth0 NIC Link is Up 1000 Mbps Full Duplex
6,3,61000000,-;ata1: SATA link up 6.0 Gbps (SStatus 133 SControl 300)
6,4,62000000,-;IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready
4,5,70000000,-;NETDEV WATCHDOG: eth0 (igb): transmit queue 3 timed out 5000 ms
6,6,80000000,-;Timekeeping suspended for 100.500 seconds
6,7,90000000,-;e1000e 0000:00:1f.6 eth0: Reset adapter unexpectedly
6,8,95000000,-;smpboot: CPU 3 is now offline
6,9,96000000,-;eth0: promiscuous mode enabled
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    for path, text in {"dev/kmsg": LOG, "proc/stat": f"cpu 1 2 3\nbtime {BOOTED}\n"}.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    return Root(tmp_path)


def seen(root: Root, since: float, tuners: Tuners = NOBODY) -> list[tuple[float, str, str]]:
    return [
        (each.seconds - BOOTED, each.kind.value, each.subject) for each in read_events(root, since, ("eth0",), tuners)
    ]


def test_links_resets_wakes_and_processors_come_from_the_kernels_log(root: Root) -> None:
    assert seen(root, BOOTED + 10) == [
        (60, "link", "eth0"),
        (62, "link", "eth0"),
        (70, "reset", "eth0"),
        (180.5, "suspend", ""),
        (190.5, "reset", "eth0"),
        (195.5, "hotplug", "3"),
    ]


def test_only_what_came_after_the_moment_counts(root: Root) -> None:
    assert [kind for _, kind, _ in seen(root, BOOTED + 70)] == ["suspend", "reset", "hotplug"]
    assert seen(root, BOOTED + 300) == []


def test_packages_come_from_dpkg_and_dnf(root: Root) -> None:
    logs = Path(root.directory, "var/log")
    logs.mkdir(parents=True)
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(BOOTED + 400))
    (logs / "dpkg.log").write_text(
        f"{stamp} startup archives unpack\n{stamp} upgrade tuned:all 2.20-1 2.21-1\n"
        f"{stamp} status installed tuned:all 2.21-1\n"
    )
    utc = time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(BOOTED + 500))
    (logs / "dnf.rpm.log").write_text(f"{utc} SUBDEBUG Upgraded: kernel-5.14.0-1.x86_64\n{utc} INFO --- logging ---\n")
    events = read_events(root, BOOTED + 300, (), NOBODY)
    assert [(each.seconds - BOOTED, each.text) for each in events] == [
        (400, "package tuned: upgrade (2.21-1)"),
        (500, "package kernel-5.14.0-1.x86_64: upgraded"),
    ]


def test_files_that_set_such_values_count_when_they_are_written(root: Root) -> None:
    path = Path(root.directory, "etc/sysctl.d/50-own.conf")
    path.parent.mkdir(parents=True)
    path.write_text("vm.swappiness = 60\n")
    os.utime(path, (BOOTED + 600, BOOTED + 600))
    (event,) = read_events(root, BOOTED + 300, (), NOBODY)
    assert (event.kind, event.subject, event.seconds) == (EventKind.FILE, "/etc/sysctl.d/50-own.conf", BOOTED + 600)


def test_other_tuners_count_from_when_they_started(root: Root) -> None:
    Path(root.directory, "proc/812").mkdir()
    fields = ["S", *["0"] * 18, "70000", "0"]
    Path(root.directory, "proc/812/stat").write_text(f"812 (tuned) {' '.join(fields)}\n")
    tuners = Tuners((Tuner("tuned", TunerState.RUNNING, (812, 813), "all"),), has_processes=True)
    assert seen(root, BOOTED + 300, tuners) == [(700, "program", "tuned")]


def test_without_any_source_nothing_happened(tmp_path: Path) -> None:
    assert read_events(Root(tmp_path), 0, ("eth0",), NOBODY) == []
