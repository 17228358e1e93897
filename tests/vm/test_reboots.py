"""Real reboots of a real Debian: tune, reboot, verify, roll back, reboot, and everything is as it was.

The tests of this module run in their order, on one guest. `make test-vm` runs them.
"""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from tests.vm.guest import Guest

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not os.environ.get("LLTOOL_VM"), reason="takes minutes: `make test-vm` runs it"),
]

IRQ = re.compile(r"/proc/irq/\d+/smp_affinity_list")
ISOLATED = "2-3"
TUNE = ("tune", "--profile", "hft", "--cores", ISOLATED, "--yes")


@pytest.fixture(scope="module")
def before(guest: Guest) -> dict[str, Any]:
    """The guest as it was before the first tune."""
    return state(guest)


def state(guest: Guest) -> dict[str, Any]:
    return guest.run("/opt/lltool/bin/python", "/opt/state.py", "hft").json()


def differences(after: dict[str, Any], before: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Files and values that differ, each with what it is and was.

    Interrupts that irqbalance, running again, moves every ten seconds do not count, nor do kernel threads that are
    there at one of the two times only.
    """
    files = {path: (after["etc"].get(path), before["etc"].get(path)) for path in after["etc"] | before["etc"]}
    values = {
        name: (after["values"].get(name), before["values"].get(name))
        for name in after["values"] | before["values"]
        if not IRQ.fullmatch(name)
    }
    passing = {name for name, pair in values.items() if name.startswith("thread ") and None in pair}
    return {name: pair for name, pair in (files | values).items() if pair[0] != pair[1] and name not in passing}


def verify(guest: Guest, *, expect: int) -> dict[str, dict[str, str]]:
    document = guest.lltool("verify", "-p", "hft", "--cores", ISOLATED, "--json", expect=expect).json()
    return {each["setting"]: each for each in document["settings"]}


def test_a_dry_run_shows_the_diff_and_changes_nothing(guest: Guest, before: dict[str, Any]) -> None:
    shown = guest.lltool(*TUNE, "--persist", "--dry-run", "--diff").stdout
    assert "+++ /etc/default/grub.d/99-lltool.cfg" in shown
    assert "+++ /etc/sysctl.d/99-zz-lltool.conf" in shown
    assert "# then runs: update-grub" in shown
    assert differences(state(guest), before) == {}


def test_a_tune_that_is_not_confirmed_goes_back_by_itself(guest: Guest, before: dict[str, Any]) -> None:
    guest.lltool(*TUNE, "--only", "sysctl.*", "--confirm-within", "20s")
    assert guest.run("cat", "/proc/sys/vm/swappiness").stdout == "1\n"
    script = "for i in $(seq 120); do [ $(cat /proc/sys/vm/swappiness) = 1 ] || exit 0; sleep 1; done; exit 1"
    guest.run("bash", "-c", script)
    # The rollback goes on for a moment after that value.
    guest.run("sh", "-c", "while pgrep -f [e]lse-revert; do sleep 0.5; done")
    assert state(guest) == before


def test_tune_stages_and_says_that_a_reboot_is_pending(guest: Guest, before: dict[str, Any]) -> None:
    guest.lltool(*TUNE, "--persist", expect=4)
    findings = verify(guest, expect=4)
    assert findings["boot.isolcpus"]["verdict"] == "pending-reboot"
    assert findings["boot.nohz_full"]["verdict"] == "pending-reboot"
    assert state(guest)["cmdline"] == before["cmdline"]
    menu = guest.run("cat", "/boot/grub/grub.cfg").stdout
    recovery = [line for line in menu.splitlines() if line.strip().startswith("linux") and " single" in line]
    assert recovery
    assert not any("isolcpus" in line for line in recovery)


def test_after_the_reboot_the_profile_holds_without_a_resident_process(guest: Guest, before: dict[str, Any]) -> None:
    guest.reboot()
    findings = verify(guest, expect=0)
    for setting in ("boot.isolcpus", "boot.nohz_full", "sysctl.vm.swappiness", "memory.hugepages_2m"):
        assert findings[setting]["verdict"] == "ok", findings[setting]
    assert guest.run("cat", "/sys/devices/system/cpu/isolated").stdout.strip() == ISOLATED
    assert guest.run("cat", "/sys/devices/system/cpu/nohz_full").stdout.strip() == ISOLATED
    assert guest.run("pgrep", "-f", "lltool (tune|confirm)", expect=None).stdout == ""
    assert guest.run("systemctl", "is-failed", "lltool-apply.service", expect=None).stdout.strip() != "failed"
    log = guest.run("dmesg").stdout
    assert f"NO_HZ: Full dynticks CPUs: {ISOLATED}" in log


def test_interrupts_stay_off_the_isolated_cores(guest: Guest) -> None:
    script = "for i in /proc/irq/[0-9]*; do cat $i/smp_affinity_list; done"
    lists = guest.run("sh", "-c", script).stdout.split()
    assert lists.count("0-1") > len(lists) // 2
    assert guest.run("cat", "/proc/irq/default_smp_affinity").stdout.strip() == "3"


def test_the_tick_stops_on_an_isolated_core(guest: Guest) -> None:
    ticks = guest.run("python3", "/opt/ticks.py", "0", "3").json()
    assert ticks["3"] * 5 < ticks["0"], ticks


def test_a_power_cut_in_a_rollback_is_healed_by_the_next(guest: Guest) -> None:
    """The first process is killed as soon as the drop-in is gone: update-grub has then not run."""
    script = (
        "/opt/lltool/bin/lltool rollback & while [ -e /etc/default/grub.d/99-lltool.cfg ]; do :; done; kill -9 $!; wait"
    )
    guest.run("bash", "-c", script, expect=None)
    guest.lltool("rollback", expect=None)
    assert "isolcpus" not in guest.run("cat", "/boot/grub/grub.cfg").stdout


def test_after_the_rollback_and_a_reboot_everything_is_as_it_was(guest: Guest, before: dict[str, Any]) -> None:
    guest.reboot()
    after = state(guest)
    assert after["cmdline"] == before["cmdline"]
    assert differences(after, before) == {}
    assert guest.run("systemctl", "is-active", "irqbalance.service").stdout.strip() == "active"
