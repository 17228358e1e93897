"""What single kinds of setting make of the kernel's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.boot import ABSENT, cpus_in, parameter
from lltool.tuning.kinds.bracketed import BracketedChoice
from lltool.tuning.kinds.cpumask import CpuMask
from lltool.tuning.kinds.kthread_affinity import movable_threads
from lltool.tuning.kinds.swap import Swap
from lltool.tuning.model import Verdict
from lltool.tuning.plan import make_plan, target
from lltool.tuning.verdicts import judge


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("quiet isolcpus=1-3", "1-3"),
        ("isolcpus=1 isolcpus=2,3 quiet", "2,3"),
        ("quiet", ABSENT),
        ('dyndbg="file a.c +p" isolcpus="2-3"', "2-3"),
        ('"isolcpus=4" x', "4"),
        ("xisolcpus=1 isolcpusx=2", ABSENT),
        ("isolcpus", ""),
        ('broken="quote isolcpus=9', ABSENT),
    ],
)
def test_the_last_parameter_of_the_command_line_counts(line: str, value: str) -> None:
    assert parameter(line, "isolcpus") == value


def test_dash_and_underscore_are_one_to_the_kernel() -> None:
    assert parameter("skew-tick=1", "skew_tick") == "1"


def test_flags_are_no_cpus() -> None:
    assert cpus_in("managed_irq,domain,2-3,8") == (2, 3, 8)


def test_masks_of_more_than_32_cpus_are_read_as_lists(tmp_path: Path) -> None:
    (tmp_path / "mask").write_text("00000001,ffff0000\n")
    assert CpuMask().read(Root(tmp_path), Knob("/mask")) == "16-32"


@pytest.mark.parametrize(
    ("text", "chosen"), [("always [madvise] never", "madvise"), ("[always] madvise never", "always"), ("0", "0")]
)
def test_the_choice_in_brackets_is_the_value(tmp_path: Path, text: str, chosen: str) -> None:
    (tmp_path / "enabled").write_text(text + "\n")
    assert BracketedChoice().read(Root(tmp_path), Knob("/enabled")) == chosen


def test_swap_areas_are_read_with_their_priorities_highest_first(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/swaps").write_text(
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        "/dev/sda2                               partition\t8388604\t0\t-2\n"
        "/my\\040swap                            file\t1048572\t0\t5\n"
    )
    assert Swap().read(Root(tmp_path), Knob("/proc/swaps")) == "/my\\040swap=5 /dev/sda2=-2"


@pytest.fixture
def boot_only(tmp_path: Path, kernel: Any) -> Any:
    profile = tmp_path / "boot.toml"
    profile.write_text('[settings]\n"boot.isolcpus" = "managed_irq,domain,{isolated}"\n"boot.skew_tick" = 1\n')
    return lambda: target(str(profile), kernel, cores=(2, 3))


def test_what_the_kernel_isolates_counts_and_not_the_text(boot_only: Any, kernel: Any) -> None:
    kernel.write("/proc/cmdline", "isolcpus=managed_irq,domain,2-3 skew_tick=1")
    isolcpus, skew_tick = judge(boot_only().observe(), ())
    assert isolcpus.verdict is Verdict.DRIFT
    assert skew_tick.verdict is Verdict.OK
    kernel.write("/sys/devices/system/cpu/isolated", "2-3")
    assert judge(boot_only().observe(), ())[0].verdict is Verdict.OK


def test_boot_settings_are_planned_for_a_reboot_and_never_written(boot_only: Any) -> None:
    assert [item.action for item in make_plan(boot_only().observe())] == ["reboot", "reboot"]
    assert all(observation.to_write == () for observation in boot_only().observe())


def test_cores_and_interfaces_that_are_not_there_are_not_applicable(kernel: Any) -> None:
    findings = {each.setting: each for each in judge(target("chapter5", kernel).observe(), ())}
    assert findings["boot.isolcpus"].verdict is Verdict.NOT_APPLICABLE
    assert "4-5" in findings["boot.isolcpus"].reason
    assert findings["irq.nic.eth0"].verdict is Verdict.NOT_APPLICABLE


def test_the_plan_says_what_shrinks_and_what_is_disputed(kernel: Any) -> None:
    plan = {item.setting: item for item in make_plan(target("chapter5", kernel).observe())}
    assert "shrinks the value in force" in plan["sysctl.net.ipv4.tcp_rmem"].notes
    assert any(note.startswith("disputed") for note in plan["sysctl.net.ipv4.tcp_sack"].notes)
    assert any("no effect" in note for note in plan["sysctl.net.ipv4.tcp_low_latency"].notes)
    assert "shrinks the value in force" not in plan["sysctl.net.core.rmem_max"].notes


def test_hft_does_not_shrink_what_the_host_has(kernel: Any) -> None:
    plan = {item.setting: item for item in make_plan(target("hft", kernel).observe())}
    assert plan["sysctl.net.ipv4.tcp_rmem"].action == "keep"
    assert all("shrinks the value in force" not in item.notes for item in plan.values())


def test_a_kernel_without_the_file_is_not_applicable_and_never_ok(kernel: Any) -> None:
    findings = {each.setting: each for each in judge(target("hft", kernel).observe(), ())}
    assert findings["sysctl.kernel.numa_balancing"].verdict is Verdict.NOT_APPLICABLE
    assert "numa_balancing" in findings["sysctl.kernel.numa_balancing"].reason


@pytest.mark.parametrize(
    ("stat", "verdict"),
    [
        ("cpu 900 0 0 0 0 0 0 100 0 0", Verdict.REFUSED),
        # Guests of this host ran, which nobody stole.
        ("cpu 900 0 0 0 0 0 0 0 500 0", Verdict.NOT_APPLICABLE),
    ],
)
def test_stolen_time_tells_a_guest_and_time_of_guests_does_not(
    kernel: Any, tmp_path: Path, stat: str, verdict: Verdict
) -> None:
    Path(kernel.path("/proc/stat")).write_text(f"{stat}\n")
    Path(kernel.path("/proc/cpuinfo")).write_text("processor : 0\nflags : fpu tsc\n")
    (tmp_path / "steal.toml").write_text('[settings]\n"cpu.steal" = 1\n')
    (finding,) = judge(target(str(tmp_path / "steal.toml"), kernel).observe(), [])
    assert finding.verdict is verdict


@pytest.mark.parametrize(("children", "found"), [("7 8 ", ["2", "7"]), (None, ["2", "7", "9"])])
def test_kernel_threads_are_the_children_of_kthreadd_or_are_looked_for_among_all(
    tmp_path: Path, children: str | None, found: list[str]
) -> None:
    threads = {"2": ("kthreadd", 0x200000), "7": ("kswapd0", 0x200000), "8": ("bound", 0x4200000), "9": ("x", 0x200000)}
    for number, (name, flags) in threads.items():
        (tmp_path / "proc" / number).mkdir(parents=True)
        (tmp_path / "proc" / number / "stat").write_text(f"{number} ({name}) S 2 0 0 0 -1 {flags} 0 0\n")
    (tmp_path / "proc/2/task/2").mkdir(parents=True)
    if children is not None:
        (tmp_path / "proc/2/task/2/children").write_text(children)
    assert [knob.path.removeprefix("/proc/") for knob in movable_threads(Root(tmp_path))] == found
