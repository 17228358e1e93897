"""The host as tuning sees it: its files, its facts, and the cores chosen."""

from __future__ import annotations

from dataclasses import dataclass

from lltool.host.cores import CorePlan, plan_cores
from lltool.host.facts import HostFacts, gather
from lltool.root import Root


@dataclass(frozen=True, slots=True)
class TunedHost:
    """Where settings are read and written, what this machine is, and which cores do what."""

    root: Root
    facts: HostFacts
    cores: CorePlan


def tuned_host(root: Root, requested_cores: tuple[int, ...] | None = None) -> TunedHost:
    """Gather facts and choose cores; raises ``InvalidInput`` where the requested cores cannot be isolated."""
    facts = gather(root)
    return TunedHost(root, facts, plan_cores(facts.topology, facts.nics, requested_cores))
