"""The collection on a host of its own over ssh: what hosts in namespaces share, and a reboot."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.playing import BIN, PLAYBOOK, Play, changed, played, write_inventory
from tests.vm.comparison import ISOLATED, differences, state
from tests.vm.guest import BOOT_SECONDS, Guest

HOST = "guest"
pytestmark = pytest.mark.skipif(not PLAYBOOK.exists(), reason="needs ansible-core")


@pytest.fixture
def controller(guest: Guest, tmp_path: Path) -> Path:
    """A directory with the collection and an inventory of the one host."""
    variables = {
        "ansible_host": "127.0.0.1",
        "ansible_user": "root",
        "ansible_ssh_common_args": shlex.join(guest.ssh()[1:-1]),
        "ansible_ssh_timeout": 120,
        "ansible_python_interpreter": "/usr/bin/python3",
        "lltool_cores": ISOLATED,
        "lltool_only": ["sysctl.vm.*", "sysctl.kernel.*", "irq.*", "boot.isolcpus", "boot.nohz_full"],
        "lltool_persist": True,
        "lltool_reboot_ok": True,
        "lltool_report_executable": str(BIN / "lltool"),
    }
    write_inventory(tmp_path, {HOST: {}}, variables)
    return tmp_path


def play(controller: Path, name: str, *arguments: str, expect: int = 0) -> Play:
    """Run a playbook of the collection, however slow the guest is."""
    done = played(name, *arguments, directory=controller, within_seconds=2 * BOOT_SECONDS)
    assert done.code == expect, done.output
    return done


def test_a_host_is_tuned_rebooted_verified_and_put_back(guest: Guest, before: dict[str, Any], controller: Path) -> None:
    boot = guest.read("/proc/sys/kernel/random/boot_id")
    checked = play(controller, "tune", "--check", "--diff")
    assert "+sysctl.vm.swappiness = 1" in checked.output
    assert differences(state(guest), before) == {}

    assert changed(play(controller, "tune")) == {HOST: 2}  # tuned, rebooted
    guest.rebooted()
    assert guest.read("/proc/sys/kernel/random/boot_id") != boot
    assert guest.read("/sys/devices/system/cpu/isolated") == ISOLATED
    assert guest.read("/proc/sys/vm/swappiness") == "1"
    again = play(controller, "tune", "--diff")
    assert changed(again) == {HOST: 0}, again.output
    play(controller, "verify")

    guest.run("sysctl", "-w", "vm.swappiness=60")
    assert play(controller, "verify", expect=2).recap[HOST]["failed"] == 1
    play(controller, "report")
    found = json.loads((controller / "fleet/guest.json").read_text())
    assert found["verify"] is None  # a part of a profile is no verification of it
    guest.run("sysctl", "-w", "vm.swappiness=1")

    assert changed(play(controller, "rollback")) == {HOST: 1}
    guest.reboot()
    assert differences(state(guest), before) == {}
