"""The collection on a host of its own over ssh: what hosts in namespaces share, and a reboot."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.vm.comparison import ISOLATED, differences, state
from tests.vm.guest import Guest

COLLECTION = Path(__file__).parents[2] / "ansible"
BIN = Path(sys.executable).parent
VARIABLES = {
    "lltool_cores": ISOLATED,
    "lltool_only": ["sysctl.vm.*", "sysctl.kernel.*", "irq.*", "boot.isolcpus", "boot.nohz_full"],
    "lltool_persist": True,
    "lltool_reboot_ok": True,
    "lltool_become": False,
    "lltool_report_executable": str(BIN / "lltool"),
}

pytestmark = pytest.mark.skipif(not (BIN / "ansible-playbook").exists(), reason="needs ansible-core")


@pytest.fixture
def controller(guest: Guest, tmp_path: Path) -> Path:
    """A directory with the collection and an inventory of the one host."""
    collections = tmp_path / "ansible_collections/lltool"
    collections.mkdir(parents=True)
    (collections / "fleet").symlink_to(COLLECTION)
    options = guest.ssh()[1:-1]
    host = {
        "ansible_host": "127.0.0.1",
        "ansible_user": "root",
        "ansible_ssh_common_args": shlex.join(options),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": {"guest": host}, "vars": VARIABLES}}))
    return tmp_path


def play(controller: Path, name: str, *arguments: str, expect: int = 0) -> str:
    """Run a playbook of the collection; what it printed."""
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", "inventory.json", f"lltool.fleet.{name}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=controller,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(controller),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_HOME": str(controller / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_TIMEOUT": "120",
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PWD": str(controller),
        },
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


def test_a_host_is_tuned_rebooted_verified_and_put_back(guest: Guest, before: dict[str, Any], controller: Path) -> None:
    boot = guest.read("/proc/sys/kernel/random/boot_id")
    checked = play(controller, "tune", "--check", "--diff")
    assert "+sysctl.vm.swappiness = 1" in checked
    assert differences(state(guest), before) == {}

    assert "changed=2" in play(controller, "tune")  # tuned, rebooted
    guest.rebooted()
    assert guest.read("/proc/sys/kernel/random/boot_id") != boot
    assert guest.read("/sys/devices/system/cpu/isolated") == ISOLATED
    assert guest.read("/proc/sys/vm/swappiness") == "1"
    assert "changed=0" in play(controller, "tune")
    play(controller, "verify")

    guest.run("sysctl", "-w", "vm.swappiness=60")
    assert "failed=1" in play(controller, "verify", expect=2)
    play(controller, "report")
    found = json.loads((controller / "fleet/guest.json").read_text())
    assert found["verify"] is None  # a part of a profile is no verification of it
    guest.run("sysctl", "-w", "vm.swappiness=1")

    assert "changed=1" in play(controller, "rollback")
    guest.reboot()
    assert differences(state(guest), before) == {}
