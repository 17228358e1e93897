"""Topology where files are missing, old or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lltool.host.caches import read_caches
from lltool.host.topology import read_topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Tree

    from lltool.root import Root

CPU = "/sys/devices/system/cpu"


def cpus_of(count: int, **files: str) -> Tree:
    """Files of ``count`` CPUs; each value has ``{cpu}`` for the CPU's number, and ``__`` in a name is a slash."""
    return {
        f"{CPU}/cpu{cpu}/{name.replace('__', '/')}": text.format(cpu=cpu)
        for cpu in range(count)
        for name, text in files.items()
    }


def test_old_names_and_masks_are_read(tree: Callable[[Tree], Root]) -> None:
    files = cpus_of(4, topology__core_id="{cpu}\n", topology__physical_package_id="0\n")
    for cpu, mask in enumerate(("00000000,00000005", "0000000a", "5", "a")):
        files[f"{CPU}/cpu{cpu}/topology/thread_siblings"] = mask
    topology = read_topology(tree(files))
    assert [core.cpus for core in topology.cores] == [(0, 2), (1, 3)]


def test_the_new_name_wins_over_the_old_one(tree: Callable[[Tree], Root]) -> None:
    files = cpus_of(2, topology__core_cpus_list="{cpu}", topology__thread_siblings_list="0-1")
    assert [core.cpus for core in read_topology(tree(files)).cores] == [(0,), (1,)]


def test_where_mask_and_list_disagree_the_mask_counts(tree: Callable[[Tree], Root]) -> None:
    """As hwloc and lscpu read it; trees that were put together by hand have lists that were copied along."""
    files = cpus_of(4, topology__thread_siblings_list="{cpu}", cache__index3__level="3", cache__index3__type="Unified")
    for cpu, mask in enumerate("33cc"):
        files[f"{CPU}/cpu{cpu}/topology/thread_siblings"] = mask
        files[f"{CPU}/cpu{cpu}/cache/index3/shared_cpu_map"] = mask
        files[f"{CPU}/cpu{cpu}/cache/index3/shared_cpu_list"] = "0-1"
    topology = read_topology(tree(files))
    assert [core.cpus for core in topology.cores] == [(0, 1), (2, 3)]
    assert topology.l3_groups == ((0, 1), (2, 3))


def test_siblings_come_from_cpuinfo_where_sysfs_has_none(tree: Callable[[Tree], Root]) -> None:
    records = [(0, 0, 0), (1, 0, 1), (2, 0, 0), (3, 1, 0)]
    cpuinfo = "\n\n".join(
        f"processor\t: {cpu}\nphysical id\t: {package}\ncore id\t: {core}" for cpu, package, core in records
    )
    topology = read_topology(tree({"/proc/cpuinfo": cpuinfo}))
    assert [core.cpus for core in topology.cores] == [(0, 2), (1,), (3,)]
    assert [(package.id, package.cpus) for package in topology.packages] == [(0, (0, 1, 2)), (1, (3,))]


def test_unknown_siblings_are_said_to_be_unknown(tree: Callable[[Tree], Root]) -> None:
    topology = read_topology(tree({f"{CPU}/online": "0-1"}))
    assert [core.cpus for core in topology.cores] == [(0,), (1,)]
    assert any("siblings of CPUs 0-1 are not known" in note for note in topology.notes)


@pytest.mark.parametrize("unknown", ["-1", "65535"])
def test_a_package_that_firmware_does_not_tell_is_unknown(tree: Callable[[Tree], Root], unknown: str) -> None:
    files = cpus_of(2, topology__physical_package_id=unknown, topology__core_cpus_list="{cpu}")
    (package,) = read_topology(tree({f"{CPU}/online": "0-1", **files})).packages
    assert (package.id, package.cpus) == (None, (0, 1))


def test_a_list_of_siblings_without_the_cpu_itself_is_ignored(tree: Callable[[Tree], Root]) -> None:
    files = cpus_of(2, topology__core_cpus_list="7")
    assert [core.cpus for core in read_topology(tree({f"{CPU}/online": "0-1", **files})).cores] == [(0,), (1,)]


def test_present_and_not_online_is_offline_and_merely_possible_is_not(tree: Callable[[Tree], Root]) -> None:
    files: Tree = {f"{CPU}/online": "0,2", f"{CPU}/present": "0-3", f"{CPU}/possible": "0-7"}
    topology = read_topology(tree(files))
    assert topology.offline == (1, 3)
    assert topology.possible == tuple(range(8))


def test_a_node_of_memory_only(tree: Callable[[Tree], Root]) -> None:
    node = "/sys/devices/system/node"
    files: Tree = {
        f"{CPU}/online": "0",
        f"{node}/node0/cpulist": "0\n",
        f"{node}/node0/meminfo": "Node 0 MemTotal:  1024 kB\n",
        f"{node}/node0/distance": "10 17\n",
        f"{node}/node4/cpulist": "\n",
        f"{node}/node4/meminfo": "Node 4 MemTotal:  2048 kB\n",
    }
    nodes = read_topology(tree(files)).nodes
    assert [(entry.id, entry.cpus, entry.memory_bytes) for entry in nodes] == [(0, (0,), 1 << 20), (4, (), 2 << 20)]
    assert nodes[0].distances == (10, 17)


def test_nodes_that_claim_the_same_cpus_are_left_out_and_named(recorded: Callable[..., object]) -> None:
    topology = recorded("hwloc-8em64t-2s2ca2c-buggynuma").topology  # type: ignore[attr-defined]
    assert len(topology.notes) == 7
    assert all("already in node 0" in note for note in topology.notes)


def test_intel_hybrid_by_perf_units(tree: Callable[[Tree], Root]) -> None:
    files: Tree = {
        f"{CPU}/online": "0-5",
        "/sys/devices/cpu_core/cpus": "0-1\n",
        "/sys/devices/cpu_atom/cpus": "2-3\n",
        "/sys/devices/cpu_lowpower/cpus": "4-5\n",
    }
    kinds = read_topology(tree(files)).kinds
    assert [(kind.name, kind.cpus) for kind in kinds] == [
        ("performance", (0, 1)),
        ("efficiency", (2, 3)),
        ("low-power", (4, 5)),
    ]


def test_favoured_cores_are_not_a_kind_of_their_own(tree: Callable[[Tree], Root]) -> None:
    frequencies = [5200000, 5000000, 4900000, 4800000]
    files: Tree = {f"{CPU}/cpu{cpu}/cpufreq/cpuinfo_max_freq": f"{hz}\n" for cpu, hz in enumerate(frequencies)}
    assert not read_topology(tree({f"{CPU}/online": "0-3", **files})).is_hybrid


def test_isolated_unites_boot_and_partitions(tree: Callable[[Tree], Root]) -> None:
    files: Tree = {
        f"{CPU}/online": "0-7",
        f"{CPU}/isolated": "2\n",
        f"{CPU}/nohz_full": "   (null)\n",
        "/sys/fs/cgroup/cpuset.cpus.isolated": "4-5,9\n",
    }
    topology = read_topology(tree(files))
    assert topology.isolated == (2, 4, 5)
    assert topology.nohz_full == ()


def test_a_nul_byte_behind_a_list_is_no_part_of_it(tree: Callable[[Tree], Root]) -> None:
    files = cpus_of(2, topology__core_cpus_list="0-1\n\0")
    assert [core.cpus for core in read_topology(tree({f"{CPU}/online": "0-1\n\0", **files})).cores] == [(0, 1)]


def test_ways_follow_from_size_and_sets_where_firmware_states_fewer(tree: Callable[[Tree], Root]) -> None:
    cache = f"{CPU}/cpu0/cache/index0"
    files: Tree = {
        f"{cache}/level": "3",
        f"{cache}/type": "Unified",
        f"{cache}/size": "32768K",
        f"{cache}/coherency_line_size": "128",
        f"{cache}/number_of_sets": "2048",
        f"{cache}/ways_of_associativity": "15",
    }
    (found,) = read_caches(tree(files), (0,))
    assert found.ways == 128
    assert found.instances == ((0,),)


def test_a_cpu_that_is_not_online_has_no_core(tree: Callable[[Tree], Root]) -> None:
    topology = read_topology(tree({f"{CPU}/online": "0"}))
    assert topology.core_of(0).cpus == (0,)
    with pytest.raises(ValueError, match="CPU 1 is not online"):
        topology.core_of(1)
