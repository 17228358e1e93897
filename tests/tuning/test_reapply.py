"""Set again: what an event undid, and nothing that somebody may have meant or that disrupts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lltool.errors import LltoolError, UnfinishedTransaction
from lltool.tuning.apply import apply
from lltool.tuning.changing import judged
from lltool.tuning.held import record_held
from lltool.tuning.plan import Target, target
from lltool.tuning.reapply import Reapplied, reapply
from lltool.tuning.rollback import rollback
from lltool.tuning.store import Store
from tests.fake_host import FakeKernel

HELD = 1_700_000_100.0
SWAPPINESS, THREADED, RINGS = "/proc/sys/vm/swappiness", "/sys/class/net/lan0/threaded", "/fake/ethtool/lan0/rings"
LINK_UP = "6,2,160000000,-;igb: lan0 NIC Link is Up\n"
PROFILE = """[settings]
"nic.*.rx_ring" = 4096
"nic.*.threaded" = 0
"sysctl.vm.swappiness" = {swappiness}
"""


@pytest.fixture
def wanted(tmp_path: Path, kernel: FakeKernel, store: Store) -> Target:
    """Three settings in force, last seen at HELD; one of them resets a link, which the profile's user allowed."""
    for path, text in {"/proc/stat": "btime 1700000000\n", "/dev/kmsg": "6,0,1,-;Linux version\n"}.items():
        Path(kernel.path(path)).parent.mkdir(exist_ok=True)
        Path(kernel.path(path)).write_text(text)
    tuned = profile(tmp_path, kernel, 1)
    store.create()
    apply(tuned.observe(), kernel, store, "test", keep_going=False)
    _, findings = judged(tuned, store)
    assert {finding.verdict for finding in findings} == {"ok"}
    record_held(store, kernel, findings, HELD)
    return tuned


def profile(directory: Path, kernel: FakeKernel, swappiness: int) -> Target:
    (directory / "own.toml").write_text(PROFILE.format(swappiness=swappiness))
    return target(str(directory / "own.toml"), kernel, cores=(2, 3), allow=["link"])


def reset(kernel: FakeKernel, event: str = LINK_UP) -> None:
    """All three values are lost, as when a driver starts anew."""
    kernel.put(THREADED, "1")
    kernel.put(RINGS, "4096 0 0 4096 512 0 0 512")
    kernel.put(SWAPPINESS, "60")
    Path(kernel.path("/dev/kmsg")).write_text(f"6,0,1,-;Linux version\n{event}")


def said(done: Reapplied) -> dict[str, tuple[bool, str]]:
    return {each.setting: (each.reapply, each.reason) for each in done.decisions}


def test_what_a_link_undid_is_set_again_and_nothing_else(wanted: Target, store: Store, kernel: FakeKernel) -> None:
    reset(kernel)
    done = reapply(wanted, store)
    decisions = said(done)
    assert decisions["nic.*.threaded"] == (True, "undone by link: igb: lan0 NIC Link is Up")
    assert kernel.read(THREADED) == "0"
    # Nothing is known to have undone it: a link does not concern it.
    assert decisions["sysctl.vm.swappiness"][0] is False
    assert "somebody may have meant it" in decisions["sysctl.vm.swappiness"][1]
    assert kernel.read(SWAPPINESS) == "60"
    # The profile's user allowed it once; a timer does not do it again.
    assert decisions["nic.*.rx_ring"] == (
        False,
        "it can reset the link of a network interface: never done without being asked",
    )
    assert kernel.read(RINGS).endswith("512 0 0 512")
    assert {finding.setting: finding.verdict for finding in done.findings}["nic.*.threaded"] == "ok"


def test_a_package_concerns_every_setting(wanted: Target, store: Store, kernel: FakeKernel) -> None:
    reset(kernel, "")
    Path(kernel.path("/var/log")).mkdir(parents=True)
    Path(kernel.path("/var/log/dpkg.log")).write_text("2033-01-01 00:00:00 upgrade procps:amd64 1 2\n")
    assert said(reapply(wanted, store))["sysctl.vm.swappiness"] == (
        True,
        "undone by package: package procps: upgrade (2)",
    )
    assert kernel.read(SWAPPINESS) == "1"


def test_a_second_time_there_is_nothing_to_do(wanted: Target, store: Store, kernel: FakeKernel) -> None:
    reset(kernel)
    reapply(wanted, store)
    journals = len(store.journals())
    assert not any(each.reapply for each in reapply(wanted, store).decisions)
    assert len(store.journals()) == journals


def test_what_lltool_did_not_set_is_not_its_business(wanted: Target, store: Store, kernel: FakeKernel) -> None:
    rollback(store, kernel)
    reset(kernel)
    assert reapply(wanted, store).decisions == ()
    assert kernel.read(THREADED) == "1"


def test_another_value_than_was_set_is_left_to_tune(
    wanted: Target, store: Store, kernel: FakeKernel, tmp_path: Path
) -> None:
    reset(kernel)
    Path(kernel.path("/var/log")).mkdir(parents=True)
    Path(kernel.path("/var/log/dpkg.log")).write_text("2033-01-01 00:00:00 upgrade procps:amd64 1 2\n")
    decision = said(reapply(profile(tmp_path, kernel, 5), store))["sysctl.vm.swappiness"]
    assert decision == (False, "the profile wants another value than was set: run `lltool tune`")
    assert kernel.read(SWAPPINESS) == "60"


def test_rollback_takes_it_back_too(wanted: Target, store: Store, kernel: FakeKernel) -> None:
    reset(kernel)
    reapply(wanted, store)
    assert kernel.read(THREADED) == "0"
    rollback(store, kernel)
    assert kernel.read(THREADED) == "1"


def test_a_write_that_fails_leaves_the_host_as_it_was_found(wanted: Target, store: Store, kernel: FakeKernel) -> None:
    reset(kernel)
    kernel.errors[THREADED] = 5
    with pytest.raises(LltoolError, match="threaded"):
        reapply(wanted, store)
    assert kernel.read(THREADED) == "1"


def test_an_interrupted_transaction_is_in_the_way(wanted: Target, store: Store, kernel: FakeKernel) -> None:
    reset(kernel)

    store.new_journal().append({"type": "begin", "boot_id": "first-boot", "profile": "x", "started": ""}, sync=True)
    with pytest.raises(UnfinishedTransaction):
        reapply(wanted, store)
    assert kernel.read(THREADED) == "1"
