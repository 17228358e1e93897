"""Kernel options, preemption and control groups."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from lltool.host.cgroup import read_cgroup
from lltool.host.kernel import OPTIONS, Answer, read_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Tree

    from lltool.root import Root

CONFIG = """\
CONFIG_NO_HZ_FULL=y
# CONFIG_RCU_NOCB_CPU is not set
CONFIG_PREEMPT_VOLUNTARY=y
CONFIG_PREEMPT_DYNAMIC=y
CONFIG_HZ_250=y
CONFIG_HZ=250
"""


def test_options_from_the_packed_configuration(tree: Callable[[Tree], Root]) -> None:
    kernel = read_kernel(tree({"/proc/config.gz": gzip.compress(CONFIG.encode())}))
    answers = {option.name: option.answer for option in kernel.options}
    assert answers == {
        "NO_HZ_FULL": Answer.YES,
        "RCU_NOCB_CPU": Answer.NO,
        "CPU_ISOLATION": Answer.NO,
        "PREEMPT_DYNAMIC": Answer.YES,
        "PREEMPT_RT": Answer.NO,
        "RT_GROUP_SCHED": Answer.NO,
    }
    assert kernel.option("NO_HZ_FULL").source == "/proc/config.gz"
    assert kernel.hz == 250
    assert kernel.preemption.built == "voluntary"


@pytest.mark.parametrize(
    "garbled", [b"", b"no gzip", gzip.compress(CONFIG.encode())[:40], b"\x1f\x8b\x08" + b"\xff" * 30]
)
def test_a_garbled_configuration_gives_way_to_the_next(tree: Callable[[Tree], Root], garbled: bytes) -> None:
    files: Tree = {
        "/proc/config.gz": garbled,
        "/proc/sys/kernel/osrelease": "6.1.0-13-amd64\n",
        "/boot/config-6.1.0-13-amd64": CONFIG,
    }
    option = read_kernel(tree(files)).option("NO_HZ_FULL")
    assert (option.answer, option.source) == (Answer.YES, "/boot/config-6.1.0-13-amd64")


def test_the_configuration_of_another_kernel_does_not_count(tree: Callable[[Tree], Root]) -> None:
    kernel = read_kernel(tree({"/proc/sys/kernel/osrelease": "6.1.0\n", "/boot/config-5.10.0": CONFIG}))
    assert kernel.option("NO_HZ_FULL").answer is Answer.UNKNOWN


def test_nothing_recorded_is_unknown_not_no(tree: Callable[[Tree], Root]) -> None:
    kernel = read_kernel(tree({"/sys/devices/system/cpu/isolated": "\n"}))
    assert {option.answer for option in kernel.options} == {Answer.UNKNOWN}
    assert tuple(option.name for option in kernel.options) == OPTIONS
    assert (kernel.isolated, kernel.nohz_full) == ((), None)


def test_a_file_that_only_one_option_brings_proves_it(tree: Callable[[Tree], Root]) -> None:
    kernel = read_kernel(tree({"/sys/devices/system/cpu/nohz_full": "  (null)\n"}))
    assert kernel.option("NO_HZ_FULL").answer is Answer.YES
    assert kernel.nohz_full == ()


def test_release_and_model_from_the_banner(tree: Callable[[Tree], Root]) -> None:
    banner = "Linux version 5.15.0-rt17 (me@here) (gcc (Debian 10.2.1) 10.2.1) #1 SMP PREEMPT_RT Mon Jan 1 2024\n"
    kernel = read_kernel(tree({"/proc/version": banner}))
    assert kernel.release == "5.15.0-rt17"
    assert kernel.option("PREEMPT_RT").answer is Answer.YES
    assert (kernel.preemption.built, kernel.preemption.current) == ("rt", "rt")


@pytest.mark.parametrize(
    ("files", "built", "current", "source"),
    [
        ({"/sys/kernel/debug/sched/preempt": "none voluntary (full)\n"}, "voluntary", "full", "/sys/kernel/debug"),
        ({"/proc/cmdline": "quiet preempt=none preempt=full\n"}, "voluntary", "full", "command line"),
        ({}, "voluntary", "voluntary", "default of its build"),
    ],
)
def test_dynamic_preemption_by_the_best_witness(
    tree: Callable[[Tree], Root], files: Tree, built: str, current: str, source: str
) -> None:
    preemption = read_kernel(tree({"/proc/config.gz": gzip.compress(CONFIG.encode()), **files})).preemption
    assert (preemption.built, preemption.current) == (built, current)
    assert source in preemption.source


def test_preempt_on_the_command_line_of_a_fixed_kernel_means_nothing(tree: Callable[[Tree], Root]) -> None:
    files: Tree = {"/proc/config.gz": gzip.compress(b"CONFIG_PREEMPT_NONE=y\n"), "/proc/cmdline": "preempt=full\n"}
    assert read_kernel(tree(files)).preemption.current == "none"


def test_an_unasked_option_is_a_defect(tree: Callable[[Tree], Root]) -> None:
    with pytest.raises(KeyError):
        read_kernel(tree({})).option("NO_SUCH_OPTION")


@pytest.mark.parametrize(
    ("mounts", "version", "cpuset_version", "cpuset_mount"),
    [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "v2", 2, "/sys/fs/cgroup"),
        ("cgroup /cg/cpu cgroup rw,cpu 0 0\ncgroup /cg/cpuset cgroup rw,cpuset 0 0\n", "v1", 1, "/cg/cpuset"),
        (
            "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ncgroup /cg/cpuset cgroup rw,cpuset 0 0\n",
            "hybrid",
            1,
            "/cg/cpuset",
        ),
        ("none /dev/cpuset cpuset rw 0 0\n", "none", 1, "/dev/cpuset"),
        ("proc /proc proc rw 0 0\nshort line\n", "none", None, None),
    ],
)
def test_control_groups_by_their_mounts(
    tree: Callable[[Tree], Root], mounts: str, version: str, cpuset_version: int | None, cpuset_mount: str | None
) -> None:
    files: Tree = {"/proc/mounts": mounts, "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu memory\n"}
    cgroup = read_cgroup(tree(files))
    assert (cgroup.version, cgroup.cpuset_version, cgroup.cpuset_mount) == (version, cpuset_version, cpuset_mount)


def test_isolated_partitions(tree: Callable[[Tree], Root]) -> None:
    files: Tree = {
        "/proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
        "/sys/fs/cgroup/cgroup.controllers": "cpuset\n",
        "/sys/fs/cgroup/cpuset.cpus.isolated": "1-3\n",
    }
    assert read_cgroup(tree(files)).isolated == (1, 2, 3)


def test_no_mounts_recorded_is_unknown(tree: Callable[[Tree], Root]) -> None:
    assert read_cgroup(tree({})).version == "unknown"
