"""Confirm or revert, as an operator meets it who sits at the other end of the network."""

from __future__ import annotations

import subprocess
from typing import Any

from tests.vm.comparison import ISOLATED, differences, state
from tests.vm.guest import Guest

TUNE = ("tune", "--profile", "hft", "--cores", ISOLATED, "--only", "sysctl.*", "--only", "nic.*", "--yes")
# The timer outlives the tune as a unit of its own; the rollback goes on for a moment after the first value.
UNTIL_REVERTED = "for i in $(seq 240); do pgrep -f [e]lse-revert >/dev/null || exit 0; sleep 1; done; exit 1"


def test_an_operator_who_is_cut_off_gets_his_host_back(guest: Guest, before: dict[str, Any]) -> None:
    """His session ends with the link, and systemd-logind ends what runs in it: the host goes back all the same."""
    session = guest.ssh("/opt/lltool/bin/lltool", *TUNE, "--confirm-within", "30s", "&&", "sleep", "600")
    with subprocess.Popen(session, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as operator:
        assert operator.stdout is not None
        while "sysctl.vm.swappiness" not in operator.stdout.readline():
            assert operator.poll() is None
        guest.link(up=False)
        assert guest.read("/proc/sys/vm/swappiness") == "1"
        guest.run("systemctl", "kill", "--signal=KILL", "ssh.service", "user-0.slice")
        guest.run("bash", "-c", UNTIL_REVERTED)
        guest.link(up=True)
        operator.kill()
    assert subprocess.run(guest.ssh("true"), check=False, timeout=120).returncode == 0
    assert differences(state(guest), before) == {}


def test_a_confirmed_tune_stays_until_it_is_rolled_back(guest: Guest, before: dict[str, Any]) -> None:
    operator = guest.ssh("/opt/lltool/bin/lltool", *TUNE, "--confirm-within", "300s")
    subprocess.run(operator, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
    guest.lltool("confirm")
    guest.run("bash", "-c", UNTIL_REVERTED)
    assert guest.read("/proc/sys/vm/swappiness") == "1"
    guest.lltool("rollback")
    assert differences(state(guest), before) == {}
