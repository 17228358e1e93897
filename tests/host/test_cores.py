"""The core plan: its rules on any topology, and its choice on known ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.errors import InvalidInput
from lltool.host.cores import CORES_PER_HOUSEKEEPING_CORE, CorePlan, plan_cores
from lltool.host.hybrid import CoreKind
from lltool.host.nics import Nic
from lltool.host.numa import NumaNode
from lltool.host.topology import Core, Package, Topology

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Recording

RECORDED = [
    "hwloc-128arm-2pa2n8cluster4co",
    "hwloc-16em64t-4s2c2t-offlines",
    "hwloc-20em64t-hybrid-1p6c2t+2ca4co1t",
    "hwloc-40intel64-2g2n4c+pcilocality",
    "hwloc-48amd64-4pa2n6c-sparse",
    "hwloc-64amd64-4s2n4ca2co",
    "hwloc-8em64t-2s2ca2c-buggynuma",
    "hwloc-96em64t-4no4pa3ca2co",
    "hwloc-nvidia-dgx-gb10",
    "hwloc-offline-cpu0-node0",
    "lscpu-vmware_fpe",
    "lscpu-x86_64-64cpu-linux6.2",
    "lscpu-x86_64-epyc_7451",
]


def topology_of(
    cores: Sequence[Sequence[int]],
    nodes: Sequence[int | None] | None = None,
    kinds: Sequence[str] | None = None,
    offline: Sequence[int] = (),
    isolated: Sequence[int] = (),
    nohz_full: Sequence[int] = (),
    l3_groups: Sequence[Sequence[int]] = (),
) -> Topology:
    """A topology from the CPUs of its physical cores, each core's NUMA node and kind."""
    nodes = nodes or [0] * len(cores)
    kinds = kinds or ["performance"] * len(cores)
    built = sorted(
        (
            Core(tuple(sorted(cpus)), number, None, None, 0, node, kind)
            for number, (cpus, node, kind) in enumerate(zip(cores, nodes, kinds, strict=True))
        ),
        key=lambda core: core.cpus[0],
    )
    online = tuple(sorted(cpu for core in built for cpu in core.cpus))
    present = tuple(sorted({*online, *offline}))

    def cpus_of(where: Callable[[Core], bool]) -> tuple[int, ...]:
        return tuple(sorted(cpu for core in built if where(core) for cpu in core.cpus))

    return Topology(
        possible=present,
        present=present,
        online=online,
        offline=tuple(offline),
        cores=tuple(built),
        packages=(Package(0, online),),
        nodes=tuple(
            NumaNode(node, cpus_of(lambda core, node=node: core.node == node), None, ())
            for node in sorted({node for node in nodes if node is not None})
        ),
        l3_groups=tuple(tuple(group) for group in l3_groups),
        kinds=tuple(
            CoreKind(name, cpus_of(lambda core, name=name: core.kind == name), "a test")
            for name in ("performance", "efficiency", "low-power")
            if name in kinds
        ),
        isolated=tuple(isolated),
        nohz_full=tuple(nohz_full),
    )


def nic_of(node: int | None, *, is_up: bool = True, local_cpus: tuple[int, ...] = ()) -> Nic:
    return Nic("eth0", "mlx5_core", "0000:01:00.0", is_up, 25000, node, local_cpus, 8, 8, (40,), (), "a test", None)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Up to 256 CPUs on up to 8 nodes, numbered in any order, with offline ones and mixed kinds."""
    threads = draw(st.sampled_from([1, 1, 2, 2, 4]))
    count = draw(st.one_of(st.integers(1, 6), st.integers(1, 256 // threads)))
    spare = draw(st.integers(0, 3))
    order = draw(st.permutations(range(count * threads + spare))) if draw(st.booleans()) else range(count * threads)
    # Core c has CPUs c, c + count ...: siblings lie apart, as Intel numbers them.
    cores = [[order[core + thread * count] for thread in range(threads)] for core in range(count)]
    kept = [draw(st.integers(1, threads)) if draw(st.booleans()) else threads for _ in cores]
    online = [cpus[:keep] for cpus, keep in zip(cores, kept, strict=True)]
    offline = sorted(set(order) - {cpu for cpus in online for cpu in cpus})
    node_count = draw(st.integers(1, 8))
    nodes = [draw(st.sampled_from([None, *range(node_count)])) for _ in cores]
    names = draw(st.sampled_from([["performance"], ["performance", "efficiency"], ["performance", "low-power"]]))
    kinds = [names[0], *(draw(st.sampled_from(names)) for _ in cores[1:])]
    return topology_of(online, nodes, kinds, offline)


@st.composite
def interfaces(draw: st.DrawFn) -> tuple[Nic, ...]:
    nodes = draw(st.lists(st.sampled_from([None, 0, 1, 5, 9]), max_size=3))
    return tuple(nic_of(node, is_up=draw(st.booleans())) for node in nodes)


def assert_roles_are_consistent(topology: Topology, plan: CorePlan) -> None:
    assert sorted(plan.housekeeping + plan.isolated + plan.idle) == list(topology.online)
    for cpus in (plan.housekeeping, plan.isolated, plan.interrupt, plan.idle):
        assert list(cpus) == sorted(cpus)
    assert set(plan.interrupt) <= set(plan.housekeeping)
    assert plan.housekeeping
    assert plan.interrupt
    assert sorted(plan.preferred) == list(plan.isolated)
    told = {(cpu, reason.role) for reason in plan.reasons for cpu in reason.cpus}
    for role, cpus in (
        ("housekeeping", plan.housekeeping),
        ("isolated", plan.isolated),
        ("interrupt", plan.interrupt),
        ("idle", plan.idle),
    ):
        assert {cpu for cpu in cpus if (cpu, role) not in told} == set(), f"no reason for {role}"


def assert_own_choice_keeps_the_rules(topology: Topology, plan: CorePlan) -> None:
    assert plan.idle == ()
    for core in topology.cores:
        assert set(core.cpus) <= set(plan.housekeeping) or set(core.cpus) <= set(plan.isolated)
    assert topology.online[0] in plan.housekeeping
    nodes = {core.node for core in topology.cores}
    for node in nodes:
        members = [core for core in topology.cores if core.node == node]
        system = [core for core in members if core.cpus[0] in plan.housekeeping]
        assert system
        if all(core.kind == "performance" for core in members):
            assert len(system) == -(-len(members) // CORES_PER_HOUSEKEEPING_CORE)
    for kind in topology.kinds[1:]:
        assert not set(kind.cpus) & set(plan.isolated)
    if not plan.isolated:
        assert "nothing can be isolated" in plan.reasons[0].text


@given(topologies(), interfaces())
def test_own_choice_keeps_every_rule_on_any_topology(topology: Topology, nics: tuple[Nic, ...]) -> None:
    plan = plan_cores(topology, nics)
    assert_roles_are_consistent(topology, plan)
    assert_own_choice_keeps_the_rules(topology, plan)


@given(topologies(), interfaces(), st.data())
def test_requested_cpus_are_isolated_as_they_are(
    topology: Topology, nics: tuple[Nic, ...], data: st.DataObject
) -> None:
    wanted = data.draw(st.sets(st.sampled_from(topology.online)))
    if not wanted or wanted == set(topology.online):
        with pytest.raises(InvalidInput):
            plan_cores(topology, nics, tuple(wanted))
        return
    plan = plan_cores(topology, nics, tuple(wanted))
    assert_roles_are_consistent(topology, plan)
    assert set(plan.isolated) == wanted
    has_whole_core_left = any(not set(core.cpus) & wanted for core in topology.cores)
    for core in topology.cores:
        if set(core.cpus) & wanted and has_whole_core_left:
            assert not set(core.cpus) & set(plan.housekeeping)


@given(topologies(), st.data())
def test_what_the_kernel_isolates_stays_isolated(topology: Topology, data: st.DataObject) -> None:
    isolated = tuple(sorted(data.draw(st.sets(st.sampled_from(topology.online), min_size=1))))
    names = ("isolated", "nohz_full")
    for name in names:
        known = Topology(
            **{field: getattr(topology, field) for field in Topology.__dataclass_fields__ if field not in names},
            **{other: isolated if other == name else () for other in names},
        )
        plan = plan_cores(known, ())
        assert_roles_are_consistent(known, plan)
        if isolated != topology.online:
            assert plan.isolated == isolated
            assert "kernel" in plan.reasons[0].text
        else:
            assert "left aside" in plan.reasons[0].text
            assert_own_choice_keeps_the_rules(known, CorePlan(**{**as_fields(plan), "reasons": plan.reasons[1:]}))


def as_fields(plan: CorePlan) -> dict[str, object]:
    return {field: getattr(plan, field) for field in CorePlan.__dataclass_fields__}


@pytest.mark.parametrize("name", RECORDED)
def test_own_choice_on_recorded_hosts(name: str, recorded: Callable[[str], Recording]) -> None:
    topology = recorded(name).topology
    plan = plan_cores(topology, ())
    assert_roles_are_consistent(topology, plan)
    assert_own_choice_keeps_the_rules(topology, plan)
    assert plan.isolated


def test_isolcpus_wins_over_nohz_full() -> None:
    plan = plan_cores(topology_of([[0], [1], [2], [3]], isolated=[3], nohz_full=[2, 3]), ())
    assert plan.isolated == (3,)


def test_two_cores() -> None:
    plan = plan_cores(topology_of([[0], [1]]), ())
    assert (plan.housekeeping, plan.isolated, plan.interrupt) == ((0,), (1,), (0,))


def test_one_core_isolates_nothing_and_says_why() -> None:
    plan = plan_cores(topology_of([[0]]), ())
    assert plan.isolated == ()
    assert "the only core" in plan.reasons[0].text


def test_two_threads_of_one_core_isolate_nothing_and_say_why() -> None:
    plan = plan_cores(topology_of([[0, 1]]), ())
    assert plan.isolated == ()
    assert "threads of one physical core" in plan.reasons[0].text


def test_no_cpu_known() -> None:
    plan = plan_cores(topology_of([]), ())
    assert (plan.housekeeping, plan.isolated, plan.interrupt) == ((), (), ())
    assert "no CPU is known" in plan.reasons[0].text
    with pytest.raises(InvalidInput, match="none is known"):
        plan_cores(topology_of([]), (), (0,))


def test_nodes_of_one_core_each_isolate_nothing_and_say_why() -> None:
    plan = plan_cores(topology_of([[0], [1]], nodes=[0, 1]), ())
    assert plan.isolated == ()
    assert "every NUMA node" in plan.reasons[0].text


def test_system_cores_share_an_l3_group() -> None:
    cores = [[cpu] for cpu in range(16)]
    plan = plan_cores(topology_of(cores, l3_groups=[range(0, 16, 2), range(1, 16, 2)]), ())
    assert plan.housekeeping == (0, 2)


def test_boot_core_of_a_hybrid_keeps_house_with_the_frugal_ones() -> None:
    cores = [[0, 1], [2, 3], [4], [5]]
    plan = plan_cores(topology_of(cores, kinds=["performance", "performance", "efficiency", "efficiency"]), ())
    assert (plan.housekeeping, plan.isolated) == ((0, 1, 4, 5), (2, 3))


def test_interrupts_go_to_the_node_of_the_interface() -> None:
    topology = topology_of([[cpu] for cpu in range(8)], nodes=[0, 0, 0, 0, 1, 1, 1, 1])
    plan = plan_cores(topology, (nic_of(1),))
    assert plan.housekeeping == (0, 4)
    assert plan.interrupt == (4,)
    assert plan.preferred == (5, 6, 7, 1, 2, 3)


def test_an_interface_without_link_decides_nothing_beside_one_with_link() -> None:
    topology = topology_of([[cpu] for cpu in range(8)], nodes=[0, 0, 0, 0, 1, 1, 1, 1])
    assert plan_cores(topology, (nic_of(0, is_up=False), nic_of(1))).interrupt == (4,)
    assert plan_cores(topology, (nic_of(0, is_up=False),)).interrupt == (0,)


def test_local_cpus_stand_in_for_a_node_that_is_not_told() -> None:
    topology = topology_of([[cpu] for cpu in range(8)], nodes=[0, 0, 0, 0, 1, 1, 1, 1])
    assert plan_cores(topology, (nic_of(None, local_cpus=(4, 5, 6, 7)),)).interrupt == (4,)
    assert plan_cores(topology, (nic_of(None, local_cpus=tuple(range(8))),)).interrupt == (0, 4)


def test_first_threads_are_preferred_to_siblings() -> None:
    plan = plan_cores(topology_of([[0, 1], [2, 3], [4, 5]]), ())
    assert plan.preferred == (2, 4, 3, 5)


def test_siblings_of_requested_cpus_are_named_and_stay_idle() -> None:
    plan = plan_cores(topology_of([[0, 4], [1, 5], [2, 6], [3, 7]]), (), (1, 2, 6))
    assert (plan.housekeeping, plan.isolated, plan.idle) == ((0, 3, 4, 7), (1, 2, 6), (5,))
    assert any(reason.cpus == (1,) and "sibling 5" in reason.text for reason in plan.reasons)


def test_the_last_core_may_be_split_on_request_and_the_plan_says_what_it_costs() -> None:
    plan = plan_cores(topology_of([[0, 1]]), (), (1,))
    assert (plan.housekeeping, plan.isolated) == ((0,), (1,))
    assert any(reason.cpus == (0,) and "disturbs it" in reason.text for reason in plan.reasons)


def test_every_fault_of_a_request_is_listed_with_the_cores_that_exist() -> None:
    topology = topology_of([[0], [1], [2]], offline=[3])
    with pytest.raises(InvalidInput) as caught:
        plan_cores(topology, (), (0, 1, 2, 3, 99))
    text = str(caught.value)
    assert "no such CPU: 99" in text
    assert "offline: 3" in text
    assert "no core is left" in text
    assert "online CPUs: 0-2" in text


def test_an_empty_request_is_refused() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        plan_cores(topology_of([[0], [1]]), (), ())
