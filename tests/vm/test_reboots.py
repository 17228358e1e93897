"""Real reboots of a real Debian: tune, reboot, verify, roll back, reboot, and everything is as it was.

The tests of this module run in their order, on one guest.
"""

from __future__ import annotations

from typing import Any

from tests.vm.comparison import ISOLATED, differences, state, verify
from tests.vm.guest import Guest
from tests.vm.image import boot_entry

TUNE = ("tune", "--profile", "hft", "--cores", ISOLATED, "--yes", "--persist")
DROP_IN = "/etc/default/grub.d/99-lltool.cfg"
HOUSEKEEPING = "0-1"
UNITS = ("irqbalance.service", "apt-daily.timer")
STATES = ("systemctl", "show", "--value", "--property=ActiveState", *UNITS)


def test_a_dry_run_shows_the_diff_and_changes_nothing(guest: Guest, before: dict[str, Any]) -> None:
    shown = guest.lltool(*TUNE, "--dry-run", "--diff").stdout
    assert f"+++ {DROP_IN}" in shown
    assert "+++ /etc/sysctl.d/99-zz-lltool.conf" in shown
    assert "# then runs: update-grub" in shown
    assert differences(state(guest), before) == {}


def test_a_power_cut_in_the_middle_of_a_tune_is_undone_after_the_boot(guest: Guest, before: dict[str, Any]) -> None:
    """Killed as soon as the drop-in is there, while update-grub runs, and the machine with it."""
    script = f"/opt/lltool/bin/lltool {' '.join(TUNE)} & until [ -e {DROP_IN} ]; do :; done; kill -9 $!; wait"
    guest.run("bash", "-c", script, expect=None)
    guest.reset()
    assert guest.run("test", "-e", DROP_IN, expect=None).code == 0
    guest.lltool(*TUNE, expect=6)
    guest.lltool("rollback")
    assert differences(state(guest), before) == {}


def test_tune_stages_and_says_that_a_reboot_is_pending(guest: Guest, before: dict[str, Any]) -> None:
    guest.lltool(*TUNE, expect=4)
    findings = verify(guest, "hft", expect=4)
    assert findings["boot.isolcpus"]["verdict"] == "pending-reboot"
    assert findings["boot.nohz_full"]["verdict"] == "pending-reboot"
    assert "active" not in guest.run(*STATES).stdout.split()  # a timer that is masked may be left as failed


def test_the_recovery_entry_boots_an_untuned_kernel(guest: Guest, before: dict[str, Any], kernel: str) -> None:
    guest.run("grub-reboot", boot_entry(guest, kernel, "recovery"))
    guest.reboot()
    assert guest.read("/sys/devices/system/cpu/isolated") == ""
    assert set(guest.read("/proc/cmdline").split()) - set(before["cmdline"].split()) == {"single"}
    findings = verify(guest, "hft", expect=3)
    assert "started without it" in findings["boot.isolcpus"]["reason"]


def test_after_the_reboot_the_profile_holds_without_a_resident_process(guest: Guest) -> None:
    guest.reboot()
    findings = verify(guest, "hft", expect=0)
    for setting in ("boot.isolcpus", "boot.nohz_full", "sysctl.vm.swappiness", "memory.hugepages_2m", "memory.swap"):
        assert findings[setting]["verdict"] == "ok", findings[setting]
    assert guest.read("/sys/devices/system/cpu/isolated") == ISOLATED
    assert guest.read("/sys/devices/system/cpu/nohz_full") == ISOLATED
    assert f"NO_HZ: Full dynticks CPUs: {ISOLATED}" in guest.run("dmesg").stdout
    assert guest.run("pgrep", "-f", "lltool (tune|confirm)", expect=None).stdout == ""
    assert guest.run("systemctl", "is-failed", "lltool-apply.service", expect=None).stdout.strip() == "inactive"
    assert "active" not in guest.run(*STATES).stdout.split()  # a timer that is masked may be left as failed
    assert guest.run("systemctl", "start", UNITS[0], expect=None).code != 0


def test_huge_pages_are_there_on_both_nodes(guest: Guest) -> None:
    folder = "/sys/devices/system/node/node{}/hugepages/hugepages-2048kB/nr_hugepages"
    pages = [int(guest.read(folder.format(node))) for node in (0, 1)]
    assert sum(pages) == 1024
    assert min(pages) > 0


def test_interrupts_stay_off_the_isolated_cores(guest: Guest) -> None:
    """But for those that the kernel itself manages: they come only where a queue is used from there."""
    interrupts = guest.run("python3", "/opt/interrupts.py", HOUSEKEEPING).json()
    managed = [each for each in interrupts if not each["movable"]]
    assert any(each["name"].startswith("nvme") for each in managed)
    assert [each for each in interrupts if each["movable"] and each["outside"]] == []
    assert [each for each in interrupts if each["delta_outside"]] == []
    finding = verify(guest, "hft", expect=0)["irq.affinity"]
    assert finding["verdict"] == "refused"
    assert finding["reason"].startswith(f"{sum(each['outside'] for each in managed)} of ")
    assert "managed by the kernel" in finding["reason"]
    assert guest.read("/proc/irq/default_smp_affinity") == "3"


def test_the_tick_stops_on_an_isolated_core(guest: Guest) -> None:
    ticks = guest.run("python3", "/opt/ticks.py", "0", "3").json()
    assert ticks["3"] * 5 < ticks["0"], ticks


def test_a_rollback_that_was_killed_is_finished_by_the_next(guest: Guest) -> None:
    """Killed as soon as the drop-in is gone: update-grub has then not run."""
    script = f"/opt/lltool/bin/lltool rollback & while [ -e {DROP_IN} ]; do :; done; kill -9 $!; wait"
    guest.run("bash", "-c", script, expect=None)
    guest.lltool("rollback", expect=4)
    assert "isolcpus" not in guest.read("/boot/grub/grub.cfg")


def test_after_the_rollback_and_a_reboot_everything_is_as_it_was(guest: Guest, before: dict[str, Any]) -> None:
    guest.reboot()
    after = state(guest)
    assert after["cmdline"] == before["cmdline"]
    assert differences(after, before) == {}
    assert guest.run(*STATES).stdout.split() == ["active"] * len(UNITS)
