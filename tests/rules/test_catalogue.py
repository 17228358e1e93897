"""Every entry of the settings catalogue is complete, and the catalogue covers what profiles and guides name."""

from __future__ import annotations

import pytest

from lltool.root import Root
from lltool.tuning.catalogue import DEVICES, DISRUPTIONS, FILES, Entry, load_catalogue
from lltool.tuning.kinds import KINDS
from lltool.tuning.profile import load_profile

CATALOGUE = load_catalogue()
OWN_KEYS: dict[str, set[str]] = {
    "boot": {"parameter"},
    "bracketed": {"path", "missing"},
    "cpumask": {"path", "missing"},
    "ethtool": {"command", "field"},
    "fair_server": {"path", "missing", "cpus"},
    "hugepages": {"path", "missing"},
    "listed": {"path", "missing"},
    "service": {"unit"},
    "sysfs": {"path", "missing"},
    "turbo": {"missing"},
    "unit_property": {"property"},
    "user_limit": {"item"},
}
OPTIONAL_KEYS = {
    "boot": {"cpus_file", "implied_by_file", "requires", "flag", "argument"},
    "listed": {"cpus"},
    "sysfs": {"cpus"},
}
each_entry = pytest.mark.parametrize("entry", list(CATALOGUE), ids=lambda entry: entry.id)


@each_entry
def test_an_entry_says_what_why_and_whence(entry: Entry) -> None:
    assert entry.title
    assert not entry.title.endswith(".")
    assert entry.why.endswith(".")
    assert entry.sources
    assert entry.kind in KINDS
    assert entry.group in FILES.values()
    assert not entry.leave.endswith(".")
    assert entry.disrupts in {"", *DISRUPTIONS}


@each_entry
def test_an_entry_refers_to_settings_that_exist(entry: Entry) -> None:
    for other in (*entry.after, *entry.undone_after, *entry.implied_by, *entry.conflicts):
        assert any(other == known.id for known in CATALOGUE), other
        assert other != entry.id


@each_entry
def test_an_entry_has_the_keys_of_its_kind_and_no_others(entry: Entry) -> None:
    keys = {key for key, _ in entry.options}
    own = OWN_KEYS.get(entry.kind, set())
    assert own <= keys <= own | OPTIONAL_KEYS.get(entry.kind, set())


@each_entry
def test_only_ids_of_devices_have_a_star(entry: Entry) -> None:
    assert ("*" in entry.id) == bool(entry.device)
    assert entry.device in {"", *DEVICES}
    assert "{device}" not in str(dict(entry.options).get("path", "")) or entry.device


@each_entry
def test_the_kernels_default_is_a_value_that_a_profile_may_ask_for(entry: Entry) -> None:
    if entry.kernel_default:
        assert entry.value.parse(entry.kernel_default)


@each_entry
def test_what_cannot_be_set_accepts_no_value_and_says_why(entry: Entry) -> None:
    assert (entry.kind == "advice") == (entry.value.type == "never")
    if entry.kind == "advice":
        assert entry.leave


@each_entry
def test_what_gives_up_a_protection_is_left_alone_by_default(entry: Entry) -> None:
    if entry.disrupts in {"security", "reboot"}:
        assert entry.leave


@each_entry
def test_a_setting_is_either_wanted_by_a_profile_or_the_reason_against_it_is_named(entry: Entry) -> None:
    wanted = [load_profile(name, CATALOGUE, Root()).settings for name in ("hft", "hft-dynamic", "hft-vm", "chapter5")]
    named = any(CATALOGUE.find(setting) is entry for settings in wanted for setting in settings)
    assert named or entry.leave


def test_settings_to_leave_are_in_no_hft_profile() -> None:
    for name in ("hft", "hft-dynamic", "hft-vm"):
        settings = load_profile(name, CATALOGUE, Root()).settings
        assert [setting for setting in settings if (e := CATALOGUE.find(setting)) is not None and e.leave] == []


def test_every_kind_is_used() -> None:
    # Files and boot arguments belong to a transaction, not to a setting.
    assert {entry.kind for entry in CATALOGUE} == {name for name, kind in KINDS.items() if not kind.persistent}


def test_no_two_entries_cover_the_same_setting() -> None:
    for entry in CATALOGUE:
        named = entry.id.replace("*", "node0" if entry.device == "node" else "eth0")
        assert [other.id for other in CATALOGUE if other.covers(named)] == [entry.id]


def test_every_class_of_the_catalogue_has_entries() -> None:
    assert {entry.group for entry in CATALOGUE} == set(FILES.values())


# What low-latency guides, kernel documents and other tuners name, by class.
PARAMETERS = """isolcpus nohz_full rcu_nocbs rcu_nocb_poll rcupdate.rcu_normal_after_boot
    rcutree.nohz_full_patience_delay irqaffinity skew_tick tsc clocksource nosoftlockup nowatchdog nmi_watchdog
    mce idle intel_idle.max_cstate processor.max_cstate cpuidle.off cpufreq.default_governor intel_pstate
    amd_pstate nosmt mitigations audit transparent_hugepage default_hugepagesz hugepages numa_balancing preempt
    pcie_aspm split_lock_detect workqueue.unbound_cpus systemd.cpu_affinity threadirqs rcutree.kthread_prio
    iommu intel_iommu"""
FILES_OF_SYSFS = """scaling_governor energy_performance_preference energy_perf_bias min_perf_pct
    scaling_min_freq pm_qos_resume_latency_us disable min_freq_khz policy current_clocksource guest_halt_poll_ns
    workqueue/cpumask writeback/cpumask runtime sched/preempt default_smp_affinity threaded gro_flush_timeout
    napi_defer_hard_irqs rps_cpus rps_flow_cnt xps_cpus transparent_hugepage/enabled transparent_hugepage/defrag
    shmem_enabled khugepaged/defrag kB/enabled ksm/run nr_hugepages zswap/parameters/enabled check_interval
    ignore_ce lru_gen/enabled damon_reclaim/parameters/enabled"""
FIELDS_OF_ETHTOOL = """rx tx combined adaptive_rx adaptive_tx rx_usecs tx_usecs rx_frames rx-lro rx-gro
    tx-tcp-segmentation tx-generic-segmentation rx-ntuple-filter rx-hashing"""
SYSCTLS = """net.core.rmem_max net.core.wmem_max net.core.rmem_default net.core.busy_poll net.core.busy_read
    net.core.netdev_max_backlog net.core.netdev_budget net.core.netdev_budget_usecs net.core.somaxconn
    net.core.optmem_max net.core.default_qdisc net.core.rps_sock_flow_entries net.core.rps_default_mask
    net.ipv4.tcp_rmem net.ipv4.tcp_wmem net.ipv4.tcp_low_latency net.ipv4.tcp_timestamps net.ipv4.tcp_sack
    net.ipv4.tcp_slow_start_after_idle net.ipv4.tcp_autocorking net.ipv4.tcp_notsent_lowat net.ipv4.tcp_fastopen
    net.ipv4.tcp_thin_linear_timeouts vm.swappiness vm.stat_interval vm.dirty_ratio vm.dirty_bytes
    vm.dirty_background_ratio vm.dirty_background_bytes vm.compaction_proactiveness vm.zone_reclaim_mode
    vm.min_free_kbytes vm.watermark_scale_factor vm.watermark_boost_factor vm.max_map_count vm.overcommit_memory
    kernel.numa_balancing kernel.nmi_watchdog kernel.soft_watchdog kernel.watchdog kernel.watchdog_cpumask
    kernel.hung_task_timeout_secs kernel.timer_migration kernel.sched_rt_runtime_us
    kernel.perf_event_max_sample_rate kernel.perf_cpu_time_max_percent kernel.randomize_va_space
    kernel.sched_autogroup_enabled kernel.sched_schedstats kernel.ftrace_enabled kernel.printk
    kernel.split_lock_mitigate kernel.sched_min_granularity_ns kernel.sched_wakeup_granularity_ns
    kernel.sched_migration_cost_ns"""
UNITS = """irqbalance tuned cpupower tlp power-profiles-daemon auto-cpufreq ksmtuned ksm numad stalld
    fwupd-refresh packagekit apt-daily apt-daily-upgrade unattended-upgrades snapd man-db"""


def options(name: str) -> set[str]:
    return {str(value) for entry in CATALOGUE for key, value in entry.options if key == name}


def test_what_guides_name_is_known() -> None:
    assert set(PARAMETERS.split()) <= options("parameter")
    assert [name for name in FILES_OF_SYSFS.split() if not any(path.endswith(name) for path in options("path"))] == []
    assert set(FIELDS_OF_ETHTOOL.split()) <= options("field")
    assert [name for name in SYSCTLS.split() if CATALOGUE.find(f"sysctl.{name}") is None] == []
    assert set(UNITS.split()) <= {unit.rpartition(".")[0] for unit in options("unit")}
