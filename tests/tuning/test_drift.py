"""verify --since-boot: when a setting last held, and what happened since that concerns it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from lltool.tuning.apply import apply
from lltool.tuning.drift import histories
from lltool.tuning.held import forget_held, read_held, record_held
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.plan import Target
from lltool.tuning.rollback import changes_in_force
from lltool.tuning.store import Store
from lltool.tuning.verdicts import judge

HELD = 1_700_000_100.0
SWAPPINESS = "/proc/sys/vm/swappiness"


def finding(setting: str, verdict: Verdict = Verdict.DRIFT) -> Finding:
    return Finding(setting, verdict, "1", "0", "")


@pytest.fixture
def wanted(wanted: Target, kernel: Any) -> Target:
    Path(kernel.path("/proc/stat")).write_text("btime 1700000000\n")
    Path(kernel.directory, "dev").mkdir()
    Path(kernel.path("/dev/kmsg")).write_text(
        "6,0,1,-;Linux version\n6,1,50000000,-;igb: lan0 NIC Link is Up\n6,2,160000000,-;igb: lan0 NIC Link is Up\n"
    )
    return wanted


def test_a_link_concerns_the_interfaces_settings_and_no_others(wanted: Target) -> None:
    lost = [finding("nic.*.rx_usecs"), finding("sysctl.vm.swappiness"), finding("irq.affinity", Verdict.OK)]
    known = histories(lost, {each.setting: HELD for each in lost}, wanted.host)
    assert set(known) == {"nic.*.rx_usecs", "sysctl.vm.swappiness"}
    assert [each.seconds for each in known["nic.*.rx_usecs"].events] == [1_700_000_160]
    assert "lan0 NIC Link is Up" in str(known["nic.*.rx_usecs"])
    assert known["sysctl.vm.swappiness"].events == ()
    assert "nothing is known to have happened since" in str(known["sysctl.vm.swappiness"])


def test_what_never_held_has_no_history(wanted: Target) -> None:
    known = histories([finding("nic.*.rx_usecs")], {}, wanted.host)["nic.*.rx_usecs"]
    assert (known.held, known.events) == (None, ())
    assert known.as_dict() == {"held": None, "events": []}


def test_each_setting_has_its_own_moment(wanted: Target) -> None:
    lost = [finding("nic.*.rx_usecs"), finding("nic.*.tx_usecs")]
    known = histories(lost, {"nic.*.rx_usecs": 1_700_000_040.0, "nic.*.tx_usecs": HELD}, wanted.host)
    assert [len(each.events) for each in known.values()] == [2, 1]
    assert known["nic.*.tx_usecs"].as_dict()["held"] == "2023-11-14T22:15:00+00:00"


def test_only_what_holds_is_noted_and_only_for_this_boot(wanted: Target, store: Store, kernel: Any) -> None:
    store.create()
    apply(wanted.observe(), kernel, store, "test", keep_going=False)
    record_held(store, kernel, judge(wanted.observe(), changes_in_force(store, kernel)), HELD)
    held = read_held(store, kernel)
    assert held["sysctl.vm.swappiness"] == HELD
    assert "irq.affinity" not in held
    kernel.put(SWAPPINESS, "60")
    record_held(store, kernel, judge(wanted.observe(), changes_in_force(store, kernel)), HELD + 50)
    held = read_held(store, kernel)
    assert (held["sysctl.vm.swappiness"], held["sysctl.vm.stat_interval"]) == (HELD, HELD + 50)
    kernel.put("/proc/sys/kernel/random/boot_id", "second-boot")
    assert read_held(store, kernel) == {}


def test_what_was_rolled_back_is_forgotten(store: Store, kernel: Any) -> None:
    store.create()
    record_held(store, kernel, [finding("a", Verdict.OK), finding("b", Verdict.OK)], HELD)
    forget_held(store, kernel, {"a", "c"})
    assert read_held(store, kernel) == {"b": HELD}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"boot_id": "first-boot"}', '{"boot_id": "first-boot", "settings": [1]}']
)
def test_a_garbled_file_is_no_history(store: Store, kernel: Any, text: str) -> None:
    store.create()
    Path(store.directory, "held.json").write_text(text)
    assert read_held(store, kernel) == {}


def test_the_clock_of_a_reason_is_the_hosts(wanted: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    try:
        known = histories([finding("nic.*.rx_usecs")], {"nic.*.rx_usecs": HELD}, wanted.host)
        assert "last seen in force 2023-11-14 22:15:00" in str(known["nic.*.rx_usecs"])
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_disk_that_takes_no_note_is_said_and_no_failure(store: Store, kernel: Any) -> None:
    assert "cannot be written" in record_held(store, kernel, [finding("a", Verdict.OK)], HELD)
