"""The host as tuning sees it: its files, its facts, and the cores chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lltool.host.cores import CorePlan, plan_cores
from lltool.host.nics import Nic, read_nics
from lltool.host.topology import Topology, read_topology
from lltool.root import Root

if TYPE_CHECKING:
    from lltool.host.cgroup import Cgroup
    from lltool.host.cpu import Cpu
    from lltool.host.hypervisor import Hypervisor
    from lltool.host.kernel import Kernel
    from lltool.host.tuners import Tuners


class TuningFacts:
    """Facts of :class:`lltool.host.facts.HostFacts`, each read when it is first asked for.

    Most settings ask for none of them, and reading all costs as much as comparing a hundred settings.
    """

    def __init__(self, root: Root) -> None:
        self._root = root

    @cached_property
    def topology(self) -> Topology:
        """Processors, caches and nodes."""
        return read_topology(self._root)

    @cached_property
    def nics(self) -> tuple[Nic, ...]:
        """Network interfaces with hardware behind them."""
        from lltool.host.interrupts import read_interrupts

        return read_nics(self._root, read_interrupts(self._root))

    @cached_property
    def kernel(self) -> Kernel:
        """Build options and what the kernel confirms."""
        from lltool.host.kernel import read_kernel

        return read_kernel(self._root)

    @cached_property
    def cgroup(self) -> Cgroup:
        """Where cpusets are controlled."""
        from lltool.host.cgroup import read_cgroup

        return read_cgroup(self._root)

    @cached_property
    def hypervisor(self) -> Hypervisor:
        """Whether this is a virtual machine."""
        from lltool.host.clock import available_clocksources
        from lltool.host.hypervisor import read_hypervisor

        return read_hypervisor(self._root, available_clocksources(self._root), self._read_cpu)

    def _read_cpu(self) -> Cpu:
        from lltool.host.cpu import read_cpu

        return read_cpu(self._root)

    @cached_property
    def tuners(self) -> Tuners:
        """Other programs that change what lltool would change."""
        from lltool.host.tuners import read_tuners

        return read_tuners(self._root)


@dataclass(frozen=True, slots=True)
class TunedHost:
    """Where settings are read and written, what this machine is, and which cores do what."""

    root: Root
    facts: TuningFacts
    cores: CorePlan


def tuned_host(root: Root, requested_cores: tuple[int, ...] | None = None) -> TunedHost:
    """Choose cores; raises ``InvalidInput`` where the requested ones cannot be isolated."""
    facts = TuningFacts(root)
    return TunedHost(root, facts, plan_cores(facts.topology, facts.nics, requested_cores))
