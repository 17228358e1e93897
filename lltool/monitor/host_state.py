"""The state of one host in one small document, schema ``lltool.host-state/1``: what a fleet collects.

``schema``, ``host`` (node name), ``created`` (seconds since 1970), ``version``
``equipment``   machine, processor, microcode, online cores, hypervisor, kernel: what makes hosts comparable
``verify``      null, or created, profile, profile_hash, verdicts {verdict: [settings]},
                findings [setting, verdict, live, wanted, reason]: those that are neither ok nor not-applicable
``bench``       null, or created, benchmarks {name: {created, label, cores, runs, figures, units, count, sum_ns}}
``noise``       null, or created, policy, threshold_ns, cores [core, watched_ns, lost_ns, ...], totals, causes
``trial``       null, or created, profile, design, comparisons [...]
``reapply``     null, or created, profile, total (settings set again, ever), settings [setting, reapply, reason]
``runs``        trading runs that go on or did not end well: running, counters (``lltool.trade-counters/1``); or null
``reboot_required``, ``rollback_available``, ``unfinished``   true or false; null where this user may not know
"""

from __future__ import annotations

import time
from typing import Any

from lltool import __version__
from lltool.bench.fingerprint import HOST, fact
from lltool.errors import LltoolError
from lltool.host.describe import describe_host
from lltool.latest import Latest, read_latest
from lltool.root import Root
from lltool.trading.run_directory import runs
from lltool.tuning.model import Verdict
from lltool.tuning.store import Store
from lltool.tuning.transaction import Status, read_transactions

SCHEMA = "lltool.host-state/1"
LONGEST_TEXT = 200
"""Values and reasons are cut here: a mask of 8192 CPUs must not make the document of a host large."""

_UNREMARKABLE = frozenset({Verdict.OK.value, Verdict.NOT_APPLICABLE.value})


def host_state(root: Root) -> dict[str, Any]:
    """Gather it. Raises :class:`LltoolError` where a kept document is damaged or cannot be read."""
    verified = read_latest("verify", root)
    return {
        "schema": SCHEMA,
        "host": node_name(root),
        "created": time.time(),
        "version": __version__,
        "equipment": _equipment(root),
        "verify": None if verified is None else verdicts_of(verified),
        "bench": _kept(read_latest("bench", root)),
        "noise": _kept(read_latest("noise", root)),
        "trial": _kept(read_latest("trial", root)),
        "reapply": _kept(read_latest("reapply", root)),
        "runs": _runs(root),
        **_transactions(root),
        "reboot_required": None if verified is None else _needs_reboot(verified.document),
    }


def node_name(root: Root) -> str:
    """The name of this host, as the kernel has it."""
    return root.read_or("/proc/sys/kernel/hostname") or "unknown"


def verdicts_of(verified: Latest) -> dict[str, Any]:
    """A document of `lltool verify --json`, shortened."""
    verdicts: dict[str, list[str]] = {}
    for finding in verified.document["settings"]:
        verdicts.setdefault(finding["verdict"], []).append(finding["setting"])
    return {
        "created": verified.created,
        "profile": verified.document["profile"],
        "profile_hash": verified.document.get("profile_hash", ""),
        "verdicts": verdicts,
        "findings": [
            {name: shortened(str(text)) for name, text in finding.items()}
            for finding in verified.document["settings"]
            if finding["verdict"] not in _UNREMARKABLE
        ],
    }


def shortened(text: str) -> str:
    """``text``, its middle left out where it is long."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = (LONGEST_TEXT - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def _needs_reboot(document: dict[str, Any]) -> bool:
    return any(finding["verdict"] == Verdict.PENDING_REBOOT for finding in document["settings"])


def _equipment(root: Root) -> dict[str, str]:
    described = describe_host(root)
    return {name: fact(described, path) for name, path in HOST} | {"kernel": described["kernel"]["release"] or ""}


def _kept(latest: Latest | None) -> dict[str, Any] | None:
    return None if latest is None else {**latest.document, "created": latest.created}


def _runs(root: Root) -> list[dict[str, Any]] | None:
    try:
        return [{"running": each.is_running, "counters": each.counters} for each in runs(root)]
    except PermissionError:
        return None


def _transactions(root: Root) -> dict[str, bool | None]:
    try:
        found = read_transactions(Store(root), root)
    except LltoolError:
        # Root's own records: an ordinary user's document says null, which is neither yes nor no.
        return {"rollback_available": None, "unfinished": None}
    return {
        "rollback_available": any(each.in_force for each in found),
        "unfinished": any(each.status is Status.UNFINISHED for each in found),
    }
