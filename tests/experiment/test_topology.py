"""The drawn topology holds every CPU of the host document once, where it is and with what it is for."""

from __future__ import annotations

from typing import Any

from lltool.experiment.topology import topology_of
from lltool.reports import Cpu, Group

_HOST = {
    "topology": {
        "cores": [
            {"cpus": f"{core},{core + 4}", "package": core // 2, "node": core // 2, "kind": "performance"}
            for core in range(4)
        ],
        "l3_groups": ["0-1,4-5", "2-3,6-7"],
    },
    "cores": {"housekeeping": "0,4", "isolated": "1-3,5-7", "interrupt": "0", "idle": "5-7"},
}


def _cpus(group: Group) -> list[Cpu]:
    return [cpu for inner in group.groups for cpu in _cpus(inner)] + [cpu for core in group.cores for cpu in core.cpus]


def test_every_cpu_is_drawn_once_in_its_socket_with_its_roles(synthetic: Any) -> None:
    result = synthetic.result([synthetic.run("tcp.rtt", "bench", [1000], cores=(1, 2))], host=_HOST)
    first, second = topology_of(result)
    assert (first.name, second.name) == ("Socket 0", "Socket 1")
    assert [cpu.number for cpu in _cpus(first)] == [0, 4, 1, 5]
    assert [cpu.number for cpu in _cpus(second)] == [2, 6, 3, 7]
    roles = {cpu.number: cpu.roles for socket in (first, second) for cpu in _cpus(socket)}
    assert roles[0] == ("housekeeping", "interrupts")
    assert roles[1] == ("measured", "isolated")
    assert roles[6] == ("isolated", "left idle")
    assert [cache.name for cache in first.groups[0].groups] == ["L3 of CPUs 0-1,4-5"]


def test_what_is_not_recorded_or_garbled_is_not_drawn(synthetic: Any) -> None:
    for host in ({}, {"topology": None}, {"topology": {"cores": [1, None]}}):
        assert topology_of(synthetic.result([], host=host)) == ()
    (socket,) = topology_of(synthetic.result([], host={"topology": {"cores": [{"cpus": "x"}], "l3_groups": ["?"]}}))
    assert socket.name == "Socket not known"
    assert _cpus(socket) == []
