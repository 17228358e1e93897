"""The whole document and the command: complete, stable, and never a traceback."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from lltool.cli.app import command_tree
from lltool.errors import InvalidInput
from lltool.host import describe
from lltool.host.describe import describe_host
from lltool.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Recording, Tree

HOSTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "hosts"
RECORDED = ["hwloc-40intel64-2g2n4c+pcilocality", "hwloc-nvidia-dgx-gb10", "lscpu-x86_64-64cpu-linux6.2"]

GARBAGE = [
    "",
    "\0",
    "\n\n",
    "-1",
    "99999999999999999999",
    "0-",
    "x" * 5000,
    "\udcff\udcfe",
    "CPU0 CPU1\n: :\n1: a",
    "²",
    "(null)",
]

TINY: Tree = {
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: A CPU\nflags\t: lm tsc\nphysical id\t: 0\ncore id\t: 0\n",
    "/proc/interrupts": "      CPU0\n 31:  1  PCI-MSIX  0-edge      eth0\nLOC:  5   Local timer interrupts\n",
    "/proc/irq/31/smp_affinity_list": "0\n",
    "/proc/irq/default_smp_affinity": "3\n",
    "/proc/meminfo": "MemTotal: 1 kB\n",
    "/proc/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
    "/proc/swaps": "Filename Type Size Used Priority\n/s file 1 1 1\n",
    "/proc/version": "Linux version 6.1.0 (x) #1 SMP PREEMPT_DYNAMIC\n",
    "/proc/sys/kernel/osrelease": "6.1.0\n",
    "/proc/config.gz": "not gzip",
    "/proc/7/comm": "tuned\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpuset\n",
    "/sys/fs/cgroup/cpuset.cpus.isolated": "1\n",
    "/sys/class/net/eth0/device/msi_irqs/31": "msix\n",
    "/sys/class/net/eth0/device/numa_node": "0\n",
    "/sys/class/net/eth0/speed": "1000\n",
    "/sys/class/dmi/id/sys_vendor": "Somebody\n",
    "/sys/devices/system/cpu/online": "0-1\n",
    "/sys/devices/system/cpu/present": "0-1\n",
    "/sys/devices/system/cpu/isolated": "\n",
    "/sys/devices/system/cpu/cpu0/topology/core_cpus_list": "0\n",
    "/sys/devices/system/cpu/cpu0/topology/physical_package_id": "0\n",
    "/sys/devices/system/cpu/cpu0/cpu_capacity": "1024\n",
    "/sys/devices/system/cpu/cpu1/cpu_capacity": "512\n",
    "/sys/devices/system/cpu/cpu0/cache/index0/level": "1\n",
    "/sys/devices/system/cpu/cpu0/cache/index0/type": "Data\n",
    "/sys/devices/system/cpu/cpu0/cache/index0/size": "32K\n",
    "/sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list": "0\n",
    "/sys/devices/system/cpu/cpu0/cache/index0/number_of_sets": "64\n",
    "/sys/devices/system/cpu/cpu0/cache/index0/coherency_line_size": "64\n",
    "/sys/devices/system/node/node0/cpulist": "0-1\n",
    "/sys/devices/system/node/node0/meminfo": "Node 0 MemTotal: 1 kB\n",
    "/sys/devices/system/node/node0/distance": "10\n",
    "/sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc\n",
    "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "1\n",
    "/sys/kernel/mm/transparent_hugepage/enabled": "[always] never\n",
    "/sys/kernel/debug/sched/preempt": "none (full)\n",
}


def keys_of(document: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if isinstance(value, dict) else type(value).__name__ for key, value in document.items()}


@pytest.mark.parametrize("name", RECORDED)
def test_the_document_equals_itself_read_back_from_json(name: str, recorded: Callable[[str], Recording]) -> None:
    document = describe_host(recorded(name).root)
    assert document["schema"] == "lltool.host/1"
    assert document["live"] is False
    assert document["privileges"] is None
    assert json.loads(json.dumps(document)) == document


def test_every_document_keeps_the_shipped_schema(
    tree: Callable[[Tree], Root], recorded: Callable[[str], Recording]
) -> None:
    schema = json.loads(files("lltool.schemas").joinpath("lltool.host-1.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    for root in [tree({}), *(recorded(path.name.partition(".tar")[0]).root for path in sorted(HOSTS.glob("*.tar.*")))]:
        validator.validate(json.loads(json.dumps(describe_host(root))))


def test_an_empty_tree_has_every_key(tree: Callable[[Tree], Root], recorded: Callable[[str], Recording]) -> None:
    empty = describe_host(tree({}))
    full = describe_host(recorded("hwloc-nvidia-dgx-gb10").root)
    assert set(empty) == set(full)
    for part in ("cpu", "topology", "clock", "hypervisor", "kernel", "cgroup", "interrupts", "memory", "boot", "cores"):
        assert set(empty[part]) == set(full[part]), part


def test_every_key_is_documented(tree: Callable[[Tree], Root]) -> None:
    words = set(re.findall(r"\w+", describe.__doc__ or ""))

    def undocumented(value: Any) -> set[str]:
        if isinstance(value, dict):
            names = {key for key in value if key.islower()}  # the others are names of options and vectors
            return (names - words).union(*map(undocumented, value.values()))
        return set().union(*map(undocumented, value)) if isinstance(value, list) else set()

    assert undocumented(describe_host(tree(TINY))) == set()


@pytest.mark.parametrize("seed", range(40))
def test_garbled_and_missing_files_leave_facts_unknown(tree: Callable[[Tree], Root], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a reproducible choice, not a secret
    files: Tree = {}
    for path, content in TINY.items():
        fate = chance.random()
        if fate < 0.5:
            files[path] = content
        elif fate < 0.8:
            files[path] = chance.choice(GARBAGE).encode("utf-8", errors="surrogateescape")
        elif fate < 0.9:
            files[path] = None  # a directory where a file should be: reading fails
    root = tree(files)
    document = describe_host(root)
    assert json.loads(json.dumps(document)) == document
    result = CliRunner().invoke(command_tree(), ["host", "--root", root.directory])
    assert result.exit_code == 0, result.exception


def test_every_file_garbled_in_turn(tree: Callable[[Tree], Root]) -> None:
    root = tree(TINY)
    for path, content in TINY.items():
        assert isinstance(content, str)
        for garbage in GARBAGE:
            Path(root.path(path)).write_bytes(garbage.encode("utf-8", errors="surrogateescape"))
            describe_host(root)
        Path(root.path(path)).write_text(content)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs an ordinary user: root reads everything")
def test_unreadable_files_leave_facts_unknown(tree: Callable[[Tree], Root]) -> None:
    root = tree(TINY)
    names = ("proc/irq", "sys/devices/system/cpu/cpu0", "sys/class/net", "sys/devices/system/node")
    for name in names:
        os.chmod(os.path.join(root.directory, name), 0)
    try:
        assert describe_host(root)["nics"] == []
    finally:
        for name in names:  # so that pytest can remove the tree
            os.chmod(os.path.join(root.directory, name), 0o700)


def test_the_command_prints_sections_and_the_core_plan(recorded: Callable[[str], Recording]) -> None:
    root = recorded("hwloc-20em64t-hybrid-1p6c2t+2ca4co1t").root
    result = CliRunner().invoke(command_tree(), ["host", "--root", root.directory])
    assert result.exit_code == 0
    for text in (
        "13th Gen Intel(R) Core(TM) i7-1370P",
        "1 package, 14 physical cores, 20 CPUs online, up to 2 threads a core (SMT)",
        "8 x 32 KiB",
        "HP EliteBook 840 14 inch G10 Notebook PC",
        "efficiency cores: too slow to trade on",
        "recorded tree",
    ):
        assert text in result.stdout
    assert re.search(r"(?m)^isolated +2-11\b", result.stdout)


def test_an_empty_tree_is_shown_as_unknown(tree: Callable[[Tree], Root]) -> None:
    result = CliRunner().invoke(command_tree(), ["host", "--root", tree({}).directory])
    assert result.exit_code == 0
    assert "unknown (not in this recorded tree)" in result.stdout
    assert "no CPU is known here" in result.stdout


def test_json_is_one_document_and_nothing_else(tree: Callable[[Tree], Root]) -> None:
    root = tree(TINY)
    result = CliRunner().invoke(command_tree(), ["host", "--json", "--root", root.directory])
    assert json.loads(result.stdout) == describe_host(root)


def test_a_root_that_is_no_directory_is_a_users_mistake(tmp_path: Path) -> None:
    result = CliRunner().invoke(command_tree(), ["host", "--root", str(tmp_path / "absent")])
    assert isinstance(result.exception, InvalidInput)
    assert "not a directory" in str(result.exception)
    assert result.exception.exit_code == 2


@pytest.mark.skipif(not os.path.exists("/proc/cpuinfo"), reason="needs a live /proc")
def test_this_machine() -> None:
    document = describe_host(Root())
    assert json.loads(json.dumps(document)) == document
    assert document["live"] is True
    assert document["kernel"]["release"] == os.uname().release
    assert document["cpu"]["architecture"] == os.uname().machine
    assert len(document["topology"]["cores"]) >= 1
    assert document["cores"]["housekeeping"]
    assert document["privileges"]["euid"] == os.geteuid()


def test_facts_load_neither_psutil_nor_pyudev() -> None:
    code = (
        "import sys; from lltool.root import Root; from lltool.host.facts import gather; gather(Root());"
        "print(sorted({'psutil', 'pyudev', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
