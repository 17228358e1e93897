"""A fleet, and what its gate says, as JSON types: schemas ``lltool.fleet/1`` and ``lltool.fleet-gate/1``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from lltool.fleet.gate import Judged
from lltool.fleet.host_report import HostReport
from lltool.fleet.picture import Fleet

SCHEMA = "lltool.fleet/1"
GATE_SCHEMA = "lltool.fleet-gate/1"


def fleet_document(fleet: Fleet) -> dict[str, Any]:
    """Every host, every group, every deviating setting, every outlier."""
    group_of = {name: place for place, group in enumerate(fleet.groups) for name in group.hosts}
    return {
        "schema": SCHEMA,
        "standings": {standing.value: count for standing, count in fleet.standings.items()},
        "hosts": [_host(host, group_of.get(host.name)) for host in fleet.hosts],
        "groups": [
            {
                "facts": dict(group.facts),
                "hosts": len(group.hosts),
                "medians": {
                    benchmark: {"metric": metric, "unit": unit, "value": value}
                    for benchmark, (metric, unit, value) in group.medians.items()
                },
            }
            for group in fleet.groups
        ],
        "settings": [asdict(each) for each in fleet.settings],
        "outliers": [asdict(each) for each in fleet.outliers],
    }


def gate_document(judged: Iterable[Judged]) -> dict[str, Any]:
    """What the gate says of each host, with the figures that it says it of."""
    return {
        "schema": GATE_SCHEMA,
        "hosts": [{**asdict(each), "figures": [asdict(figure) for figure in each.figures]} for each in judged],
    }


def _host(host: HostReport, group: int | None) -> dict[str, Any]:
    return {
        "host": host.name,
        "node": host.node,
        "standing": host.standing.value,
        "reason": host.reason,
        "version": host.version,
        "created": host.created,
        "verified": host.verified,
        "profile": host.profile,
        "group": group,
        "verdicts": host.counts,
        "deviating": host.deviating,
        "reasons": host.reasons,
        "figures": {name: asdict(figure) for name, figure in host.figures.items()},
        "changes": {name: asdict(change) for name, change in host.changes.items()},
        "faults": list(host.faults),
    }
