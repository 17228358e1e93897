"""Verdicts that this machine cannot produce: a kernel that rejects, clamps, masks and lags (tests/behaviour.py)."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lltool.errors import LltoolError
from lltool.tuning.apply import apply
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.plan import Target, make_plan, target
from lltool.tuning.rollback import changes_in_force, rollback
from lltool.tuning.store import Store
from lltool.tuning.transaction import differences
from lltool.tuning.undo import Outcome
from lltool.tuning.verdicts import judge

NO_TURBO = "/sys/devices/system/cpu/intel_pstate/no_turbo"
RT_RUNTIME = "/proc/sys/kernel/sched_rt_runtime_us"
FAIR_SERVER = "/sys/kernel/debug/sched/fair_server/cpu3/runtime"
RPS = "/sys/class/net/lan0/queues/rx-0/rps_cpus"
NODE_1 = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"

Tune = Callable[..., dict[str, Finding]]


@pytest.fixture
def profile(tmp_path: Path, kernel: Any) -> Callable[..., Target]:
    """A target for these settings (TOML lines), cores 2-3 isolated."""

    def make(settings: str, **options: Any) -> Target:
        path = tmp_path / "one.toml"
        path.write_text(f"[settings]\n{settings}\n")
        return target(str(path), kernel, cores=(2, 3), **options)

    return make


@pytest.fixture
def tune(profile: Callable[..., Target], kernel: Any, store: Store) -> Tune:
    """Apply these settings and judge them."""

    def act(settings: str, **options: Any) -> dict[str, Finding]:
        wanted = profile(settings, **options)
        apply(wanted.observe(), kernel, store, "test", keep_going=False)
        return {each.setting: each for each in judge(wanted.observe(), changes_in_force(store, kernel))}

    return act


def only(findings: dict[str, Finding]) -> Finding:
    (finding,) = findings.values()
    return finding


def test_turbo_that_the_firmware_switched_off_is_refused(tune: Tune, kernel: Any) -> None:
    kernel.errors[NO_TURBO] = errno.EPERM
    finding = only(tune('"cpu.turbo" = "on"'))
    assert finding.verdict is Verdict.REFUSED
    assert "firmware" in finding.reason


def test_what_the_kernel_refused_is_no_change_and_of_the_rest_the_value_read_back_is_told(
    profile: Callable[..., Target], kernel: Any, store: Store
) -> None:
    kernel.errors[NO_TURBO] = errno.EPERM
    wanted = profile('"cpu.turbo" = "on"\n"sysctl.net.core.rmem_max" = ">= 26214400"\n"sysctl.vm.swappiness" = 1')
    before = kernel.read("/proc/sys/net/core/rmem_max")
    done = apply(wanted.observe(), kernel, store, "test", keep_going=False)
    assert done is not None
    assert {each.setting: (each.before, each.after) for each in differences(done)} == {
        "sysctl.net.core.rmem_max": (before, "26214400"),
        "sysctl.vm.swappiness": ("60", "1"),
    }
    again = apply(wanted.observe(), kernel, store, "test", keep_going=False)
    assert again is None or differences(again) == []


def test_turbo_of_the_intel_driver_counts_the_other_way_round(tune: Tune, kernel: Any) -> None:
    assert kernel.read(NO_TURBO) == "1"
    assert only(tune('"cpu.turbo" = "on"')).verdict is Verdict.OK
    assert kernel.read(NO_TURBO) == "0"


def test_turbo_without_the_intel_driver_is_boost_then_boost_of_each_policy(tune: Tune, kernel: Any) -> None:
    Path(kernel.path(NO_TURBO)).unlink()
    policies = Path(kernel.path("/sys/devices/system/cpu/cpufreq"))
    for name in ("policy0", "policy1"):
        (policies / name).mkdir(parents=True)
        (policies / name / "boost").write_text("0\n")
    assert only(tune('"cpu.turbo" = "on"')).verdict is Verdict.OK
    assert kernel.read("/sys/devices/system/cpu/cpufreq/policy1/boost") == "1"
    (policies / "boost").write_text("1\n")
    assert only(tune('"cpu.turbo" = "off"')).verdict is Verdict.OK
    assert kernel.read("/sys/devices/system/cpu/cpufreq/boost") == "0"
    assert kernel.read("/sys/devices/system/cpu/cpufreq/policy1/boost") == "1"


def test_a_preference_that_the_hardware_lacks_is_refused_without_a_write(tune: Tune, kernel: Any) -> None:
    written: list[str] = []
    kernel.before_write = lambda path, text: written.append(path)
    finding = only(tune('"cpu.energy_performance_preference" = "balance_power"'))
    assert finding.verdict is Verdict.REFUSED
    assert "balance_performance" in finding.reason
    assert written == []


def test_smt_is_left_alone_unless_it_is_allowed_to_need_a_reboot(tune: Tune, kernel: Any) -> None:
    control = "/sys/devices/system/cpu/smt/control"
    assert only(tune('"cpu.smt" = "off"')).verdict is Verdict.NOT_APPLICABLE
    assert kernel.read(control) == "on"
    assert only(tune('"cpu.smt" = "off"', allow=["reboot"])).verdict is Verdict.OK
    kernel.put(control, "forceoff")
    finding = only(tune('"cpu.smt" = "on"', allow=["reboot"]))
    assert finding.verdict is Verdict.REFUSED
    assert "next boot" in finding.reason


@pytest.mark.parametrize("text", ["notsupported", "notimplemented"])
def test_smt_that_is_not_there_is_not_applicable(tune: Tune, kernel: Any, text: str) -> None:
    kernel.put("/sys/devices/system/cpu/smt/control", text)
    assert only(tune('"cpu.smt" = "off"', allow=["reboot"])).verdict is Verdict.NOT_APPLICABLE


def test_the_fair_server_alone_is_refused_with_what_to_set_first(tune: Tune, kernel: Any) -> None:
    finding = only(tune('"isolation.fair_server" = 0'))
    assert finding.verdict is Verdict.REFUSED
    assert "sched_rt_runtime_us" in finding.reason


def test_the_fair_server_comes_after_the_limit_and_goes_back_before_it(tune: Tune, kernel: Any, store: Store) -> None:
    findings = tune('"isolation.fair_server" = 0\n"sysctl.kernel.sched_rt_runtime_us" = -1')
    assert {each.verdict for each in findings.values()} == {Verdict.OK}
    assert kernel.read(FAIR_SERVER) == "0"
    assert {each.outcome for each in rollback(store, kernel)} == {Outcome.RESTORED}
    assert (kernel.read(RT_RUNTIME), kernel.read(FAIR_SERVER)) == ("950000", "50000000")


def test_of_a_pair_the_member_in_force_is_captured_and_comes_back(tune: Tune, kernel: Any, store: Store) -> None:
    ratio, size = "/proc/sys/vm/dirty_ratio", "/proc/sys/vm/dirty_bytes"
    assert (kernel.read(ratio), kernel.read(size)) == ("0", "1048576")
    assert only(tune('"sysctl.vm.dirty_ratio" = 10')).verdict is Verdict.OK
    assert (kernel.read(ratio), kernel.read(size)) == ("10", "0")
    rollback(store, kernel)
    assert (kernel.read(ratio), kernel.read(size)) == ("0", "1048576")


def test_a_pair_names_the_other_member_where_that_is_in_force(profile: Callable[..., Target]) -> None:
    (item,) = make_plan(profile('"sysctl.vm.dirty_ratio" = ">= 10"').observe())
    assert (item.live, item.action) == ("dirty_bytes=1048576", "change")


def test_a_mask_that_the_kernel_cuts_down_is_partial(tune: Tune, kernel: Any) -> None:
    kernel.put("/sys/devices/system/cpu/isolated", "2-3")
    finding = only(tune('"nic.lan0.rps_cpus" = "1-2"'))
    assert finding.verdict is Verdict.PARTIAL
    assert kernel.read(RPS) == "2"


def test_a_mask_of_isolated_cores_only_fails_and_is_undone(tune: Tune, kernel: Any) -> None:
    kernel.put("/sys/devices/system/cpu/isolated", "2-3")
    with pytest.raises(LltoolError, match="everything was put back"):
        tune('"nic.lan0.rps_cpus" = "2"')
    assert kernel.read(RPS) == "c"


def test_pages_that_one_node_does_not_have_are_partial(tune: Tune, kernel: Any, store: Store) -> None:
    kernel.node_room[NODE_1] = 100
    findings = tune('"memory.hugepages_2m.node0" = 512\n"memory.hugepages_2m.node1" = 512')
    assert findings["memory.hugepages_2m.node0"].verdict is Verdict.OK
    assert findings["memory.hugepages_2m.node1"].verdict is Verdict.PARTIAL
    assert kernel.read(NODE_1) == "100"
    rollback(store, kernel)
    assert kernel.read(NODE_1) == "0"


def test_a_node_that_is_not_there_is_not_applicable(tune: Tune) -> None:
    finding = only(tune('"memory.hugepages_2m.node7" = 512'))
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "node7" in finding.reason


def test_coalescing_that_the_driver_rounds_is_partial(tune: Tune) -> None:
    finding = only(tune('"nic.lan0.rx_usecs" = 7'))
    assert finding.verdict is Verdict.PARTIAL
    assert "'8'" in finding.reason


def test_an_offload_that_is_fixed_is_refused_and_one_that_is_not_comes_back(
    tune: Tune, kernel: Any, store: Store
) -> None:
    before = kernel.read("/fake/ethtool/lan0/features")
    findings = tune('"nic.*.tso" = "off"\n"nic.*.gro" = "off"')
    assert findings["nic.*.tso"].verdict is Verdict.REFUSED
    assert "fixed" in findings["nic.*.tso"].reason
    assert findings["nic.*.gro"].verdict is Verdict.OK
    rollback(store, kernel)
    assert kernel.read("/fake/ethtool/lan0/features") == before


def test_more_descriptors_than_the_driver_has_are_refused(tune: Tune) -> None:
    finding = only(tune('"nic.lan0.rx_ring" = 8192', allow=["link"]))
    assert finding.verdict is Verdict.REFUSED
    assert "4096" in finding.reason


def test_what_the_driver_does_not_have_is_not_applicable(tune: Tune) -> None:
    finding = only(tune('"nic.lan0.rx_pause" = "off"', allow=["link"]))
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "lan0" in finding.reason


def test_a_link_is_not_cut_without_being_allowed_and_drift_counts_once_it_was(
    tune: Tune, profile: Callable[..., Target], kernel: Any, store: Store
) -> None:
    rings = '"nic.*.rx_ring" = 1024'
    (item,) = make_plan(profile(rings).observe())
    assert item.action == "blocked"
    assert any("--allow link" in note for note in item.notes)
    assert only(tune(rings)).verdict is Verdict.NOT_APPLICABLE
    assert only(tune(rings, allow=["link"])).verdict is Verdict.OK
    kernel.put("/fake/ethtool/lan0/rings", "4096 0 0 4096 256 0 0 512")
    finding = only({each.setting: each for each in judge(profile(rings).observe(), changes_in_force(store, kernel))})
    assert finding.verdict is Verdict.DRIFT


def test_a_profile_can_allow_what_it_asks_for(tmp_path: Path, kernel: Any) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('allow = ["link"]\n[settings]\n"nic.lan0.rx_ring" = 1024\n')
    (item,) = make_plan(target(str(path), kernel).observe())
    assert item.action == "change"


@pytest.mark.parametrize(("came", "verdict"), [("9 0 0 17", Verdict.OK), ("9 0 0 18", Verdict.PARTIAL)])
def test_an_interrupt_that_has_not_moved_is_partial_once_it_has_come(
    tune: Tune, profile: Callable[..., Target], kernel: Any, store: Store, came: str, verdict: Verdict
) -> None:
    settings = '"irq.nic.lan0" = "{housekeeping}"'
    interrupts = Path(kernel.path("/proc/interrupts"))
    Path(kernel.path("/proc/irq/24/effective_affinity_list")).write_text("3\n")
    interrupts.write_text("  CPU0 CPU1 CPU2 CPU3\n 24: 9 0 0 17 PCI-MSIX 0-edge lan0\n")
    finding = only(tune(settings))
    assert finding.verdict is Verdict.OK
    assert "CPU 3 until it comes" in finding.reason
    interrupts.write_text(interrupts.read_text().replace("9 0 0 17", came))
    (finding,) = judge(profile(settings).observe(), changes_in_force(store, kernel))
    assert finding.verdict is verdict
    assert "CPU 3" in finding.reason


def test_a_service_is_stopped_and_masked_and_comes_back_enabled_and_running(
    tune: Tune, kernel: Any, store: Store
) -> None:
    unit = "/fake/systemd/irqbalance.service"
    assert only(tune('"service.irqbalance" = "masked"')).verdict is Verdict.OK
    assert kernel.read(unit) == "inactive masked-runtime"
    rollback(store, kernel)
    assert kernel.read(unit) == "active enabled"


def test_a_service_that_did_not_run_is_not_started_by_a_rollback(tune: Tune, kernel: Any, store: Store) -> None:
    unit = "/fake/systemd/irqbalance.service"
    kernel.put(unit, "inactive disabled")
    kernel.enabled["irqbalance.service"] = "disabled"
    tune('"service.irqbalance" = "masked"')
    rollback(store, kernel)
    assert kernel.read(unit) == "inactive disabled"


@pytest.mark.parametrize("gone", ["/run/systemd/system/.keep", "/usr/lib/systemd/system/irqbalance.service"])
def test_without_systemd_or_the_unit_a_service_is_not_applicable(tune: Tune, kernel: Any, gone: str) -> None:
    Path(kernel.path(gone)).unlink()
    if gone.endswith(".keep"):
        Path(kernel.path(gone)).parent.rmdir()
    assert only(tune('"service.irqbalance" = "masked"')).verdict is Verdict.NOT_APPLICABLE


def test_timers_migrate_unless_cores_are_isolated_from_boot_on(profile: Callable[..., Target], kernel: Any) -> None:
    Path(kernel.path("/proc/sys/kernel/timer_migration")).write_text("1\n")
    settings = '"sysctl.kernel.timer_migration" = "{timer_migration}"'
    assert make_plan(profile(settings).observe())[0].wanted == "1"
    kernel.put("/sys/devices/system/cpu/isolated", "2-3")
    assert make_plan(profile(settings).observe())[0].wanted == "0"
