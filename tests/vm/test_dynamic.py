"""``hft-dynamic`` beside a real systemd: an isolated partition without a reboot, and nothing left of it."""

from __future__ import annotations

from typing import Any

from tests.vm.comparison import ISOLATED, differences, state, verify
from tests.vm.guest import Guest

GROUP = "/sys/fs/cgroup/lltool"
OTHERS = "0-1"
ALLOWED = "for i in /proc/[0-9]*; do [ -e $i/exe ] && grep Cpus_allowed_list $i/status; done 2>/dev/null"


def user_cpus(guest: Guest) -> set[str]:
    """The lists of CPUs that processes other than kernel threads may use."""
    return set(guest.run("sh", "-c", ALLOWED, expect=None).stdout.split()) - {"Cpus_allowed_list:"}


def test_an_isolated_partition_takes_its_cores_from_every_slice(
    guest: Guest, before: dict[str, Any], kernel: str
) -> None:
    assert user_cpus(guest) == {"0-3"}
    guest.lltool("tune", "--profile", "hft-dynamic", "--cores", ISOLATED, "--yes")
    findings = verify(guest, "hft-dynamic", expect=0)
    assert findings["isolation.partition"]["verdict"] == "ok"
    assert guest.read(f"{GROUP}/cpuset.cpus.partition") == "isolated"
    assert user_cpus(guest) == {OTHERS}
    if kernel != "6.1":  # which has no such file
        assert guest.read("/sys/fs/cgroup/cpuset.cpus.isolated") == ISOLATED


def test_systemd_at_work_leaves_the_partition_alone(guest: Guest) -> None:
    guest.run("systemctl", "daemon-reload")
    guest.run("systemd-run", "--wait", "--property=CPUWeight=50", "true")
    guest.run("systemd-run", "--wait", "--property=AllowedCPUs=0", "true")
    guest.run("systemctl", "daemon-reload")
    assert guest.read(f"{GROUP}/cpuset.cpus.partition") == "isolated"
    started = guest.run("systemd-run", "--quiet", "--wait", "--pipe", "grep", "Cpus_allowed_list", "/proc/self/status")
    assert started.stdout.split() == ["Cpus_allowed_list:", OTHERS]
    verify(guest, "hft-dynamic", expect=0)


def test_a_process_in_the_partition_has_its_cores_and_leaves_them_with_the_rollback(
    guest: Guest, before: dict[str, Any]
) -> None:
    guest.run("systemd-run", "--unit=trading", "sleep", "infinity")
    process = guest.run("systemctl", "show", "--value", "--property=MainPID", "trading").stdout.strip()
    guest.run("sh", "-c", f"echo {process} >{GROUP}/cgroup.procs")
    allowed = ("grep", "Cpus_allowed_list", f"/proc/{process}/status")
    assert guest.run(*allowed).stdout.split()[1] == ISOLATED
    guest.lltool("rollback")
    assert guest.run(*allowed).stdout.split()[1] == "0-3"
    guest.run("systemctl", "stop", "trading")
    assert user_cpus(guest) == {"0-3"}
    assert differences(state(guest), before) == {}
