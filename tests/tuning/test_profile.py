"""Profiles: every fault at once, each with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lltool.errors import InvalidInput
from lltool.root import Root
from lltool.tuning.catalogue import load_catalogue
from lltool.tuning.profile import Profile, load_profile, shipped_names

CHAPTER_5_5_2 = {
    "boot.isolcpus": "2,3,4,5",
    "cpu.governor": "performance",
    "sysctl.net.core.rmem_max": "26214400",
    "sysctl.net.core.wmem_max": "26214400",
    "sysctl.net.ipv4.tcp_rmem": "4096 87380 26214400",
    "sysctl.net.ipv4.tcp_wmem": "4096 65536 26214400",
    "sysctl.net.ipv4.tcp_low_latency": "1",
    "sysctl.net.ipv4.tcp_timestamps": "0",
    "sysctl.net.ipv4.tcp_sack": "0",
    "memory.hugepages_2m": "1024",
    "memory.swap": "off",
    "irq.nic.eth0": "0",
}


def load(text: str, tmp_path: Path, root: Root | None = None) -> Profile:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load_profile(str(path), load_catalogue(), root or Root())


def faults(text: str, tmp_path: Path) -> tuple[str, ...]:
    with pytest.raises(InvalidInput) as caught:
        load(text, tmp_path)
    return caught.value.faults


def test_chapter5_is_the_chapter_value_for_value_and_nothing_else() -> None:
    assert load_profile("chapter5", load_catalogue(), Root()).settings == CHAPTER_5_5_2


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_profiles_have_no_fault(name: str) -> None:
    assert load_profile(name, load_catalogue(), Root()).description


def test_hft_holds_the_chapter_but_for_the_interrupts_that_it_moves_as_a_whole() -> None:
    settings = load_profile("hft", load_catalogue(), Root()).settings
    assert set(CHAPTER_5_5_2) - set(settings) == {"irq.nic.eth0"}
    assert "irq.affinity" in settings


def test_every_fault_is_listed_with_its_line(tmp_path: Path) -> None:
    found = faults(
        """description = "three faults"

[settings]
"sysctl.vm.swapiness" = 10
"sysctl.vm.swappiness" = 999
"cpu.governor" = "perfomance"
"irq.affinity" = "{housekeping}"
"sysctl.kernel.numa_balancing" = true
""",
        tmp_path,
    )
    text = "\n".join(found)
    assert len(found) == 5
    for line, word in [(4, "did you mean sysctl.vm.swappiness"), (5, "999"), (6, "perfomance"), (7, "housekeping")]:
        assert any(f":{line}:" in fault and word in fault for fault in found), text


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    (fault,) = faults('[settings]\n"cpu.governor" = \n', tmp_path)
    assert "line 2" in fault


def test_unknown_keys_and_wrong_types_are_faults(tmp_path: Path) -> None:
    found = faults('extend = "hft"\ndescription = 3\n', tmp_path)
    assert len(found) == 2
    assert any("extend" in fault and ":1" in fault for fault in found)


def test_settings_without_quotes_mean_the_same(tmp_path: Path) -> None:
    assert load("[settings]\nsysctl.vm.swappiness = 10\n", tmp_path).settings == {"sysctl.vm.swappiness": "10"}


def test_a_profile_may_override_and_drop_what_it_extends(tmp_path: Path) -> None:
    settings = load(
        'extends = "chapter5"\ndrop = ["memory.swap"]\n[settings]\n"sysctl.net.ipv4.tcp_sack" = 1\n', tmp_path
    ).settings
    assert "memory.swap" not in settings
    assert settings["sysctl.net.ipv4.tcp_sack"] == "1"
    assert settings["sysctl.net.ipv4.tcp_timestamps"] == "0"


def test_dropping_what_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults('extends = "chapter5"\ndrop = ["memory.swop"]\n', tmp_path)
    assert "memory.swop" in fault


def test_a_circle_of_profiles_ends(tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(f'extends = "{second}"\n')
    second.write_text(f'extends = "{first}"\n')
    with pytest.raises(InvalidInput, match="extends it again"):
        load_profile(str(first), load_catalogue(), Root())


def test_extending_nothing_is_a_fault_of_the_profile(tmp_path: Path) -> None:
    (fault,) = faults('extends = "htf"\n', tmp_path)
    assert "no profile htf" in fault


@pytest.mark.parametrize("name", ["../../etc", "..", "eth0/../x", "a b", "e*h0", "abcdefghijklmnop", "e:0", ".hidden"])
@pytest.mark.parametrize("setting", ["nic.{}.threaded", "irq.nic.{}", "nic.{}.rps_cpus"])
def test_a_device_name_leads_nowhere_else(tmp_path: Path, setting: str, name: str) -> None:
    (fault,) = faults(f'[settings]\n"{setting.format(name)}" = 0\n', tmp_path)
    assert ":2" in fault
    assert "cannot be the name of a network interface" in fault


@pytest.mark.parametrize("name", ["node", "node1/../../cpu", "nodex", "eth0"])
def test_a_node_is_a_node(tmp_path: Path, name: str) -> None:
    (fault,) = faults(f'[settings]\n"memory.hugepages_2m.{name}" = 0\n', tmp_path)
    assert "cannot be the name of a NUMA node" in fault


def test_what_lltool_does_not_set_is_a_fault_with_the_reason(tmp_path: Path) -> None:
    (fault,) = faults('[settings]\n"sysctl.kernel.sched_migration_cost_ns" = 5000000\n', tmp_path)
    assert ":2" in fault
    assert "5.13" in fault


def test_one_device_beside_all_of_them_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults('extends = "hft"\n[settings]\n"nic.eth0.rx_usecs" = 8\n', tmp_path)
    assert ":3" in fault
    assert 'drop = ["nic.*.rx_usecs"]' in fault


def test_an_unknown_disruption_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults('allow = ["links"]\n', tmp_path)
    assert ":1" in fault


def test_what_a_profile_allows_is_inherited(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('allow = ["link"]\n')
    assert load(f'extends = "{tmp_path}/base.toml"\nallow = ["security"]\n', tmp_path).allow == {"link", "security"}


def test_a_value_cannot_smuggle_a_second_boot_parameter_in(tmp_path: Path) -> None:
    for value in ("2-3 init=/bin/sh", 'domain,2-3\\" quiet', "2-3;reboot", "$(reboot)", "`reboot`"):
        (fault,) = faults(f'[settings]\n"boot.isolcpus" = "{value}"\n', tmp_path)
        assert ":2" in fault


def test_baseline_is_the_kernels_own_defaults_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    known = {entry.id: entry.kernel_default for entry in catalogue if entry.kernel_default and entry.kind != "smt"}
    assert load_profile("baseline", catalogue, Root()).settings == known


def test_hft_dynamic_needs_no_reboot_and_hft_vm_nothing_that_a_guest_lacks() -> None:
    catalogue = load_catalogue()
    dynamic = load_profile("hft-dynamic", catalogue, Root()).settings
    assert [setting for setting in dynamic if setting.startswith("boot.")] == []
    assert "isolation.partition" in dynamic
    guest = load_profile("hft-vm", catalogue, Root()).settings
    assert {"cpu.governor", "cpu.turbo", "cpu.energy_performance_preference"} & set(guest) == set()
    assert {"cpu.haltpoll_ns", "cpu.steal"} <= set(guest)


def test_the_owner_of_the_host_can_replace_a_shipped_profile(tmp_path: Path) -> None:
    directory = tmp_path / "etc/lltool/profiles"
    directory.mkdir(parents=True)
    (directory / "hft.toml").write_text("[settings]\nsysctl.vm.swappiness = 5\n")
    settings = load_profile("hft", load_catalogue(), Root(tmp_path)).settings
    assert settings == {"sysctl.vm.swappiness": "5"}


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        load_profile(str(tmp_path / "none.toml"), load_catalogue(), Root())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_does_not_use_what_others_can_write(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[settings]\n")
    path.chmod(0o666)
    with pytest.raises(InvalidInput, match="others than root"):
        load_profile(str(path), load_catalogue(), Root())


def test_a_file_that_is_too_large_for_a_profile_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults("# " + 1_000_000 * "x", tmp_path)
    assert "longer than" in fault
