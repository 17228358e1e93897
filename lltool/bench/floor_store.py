"""The noise floor of this host, kept between `lltool bench selftest` and the measurements that it limits.

One file a user, ``$XDG_STATE_HOME/lltool/noise-floor.json`` (``~/.local/state/lltool``): it is no result, and a result
carries the floor that was in force when it was measured, so that a comparison needs nothing but its files. A floor
belongs to the host, the settings and the effort that it was measured with; for others it is not used. Runs that were
cut to fit into `lltool bench all` differ more than whole ones: their floor is higher by the root of the share, as if
nothing but the number of samples made runs differ.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from lltool.atomic import write_atomically
from lltool.bench.fingerprint import fingerprints
from lltool.errors import from_os_error

SCHEMA = "lltool.noise-floor/1"

ByMetric = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Known:
    """What a self-test found: ``floor`` and ``false_alarms`` as in :class:`lltool.bench.model.Result`."""

    floor: ByMetric = field(default_factory=dict)
    false_alarms: ByMetric = field(default_factory=dict)

    def of_cut_runs(self, share: float) -> Known:
        """The same for runs of ``share`` of the effort."""
        floor = {
            name: {metric: value / math.sqrt(share) for metric, value in metrics.items()}
            for name, metrics in self.floor.items()
        }
        return replace(self, floor=floor)


class _Entry(BaseModel):
    host: str
    settings: str
    effort: str
    measured: str
    floor: ByMetric
    false_alarms: ByMetric = {}


class _File(BaseModel):
    entries: tuple[_Entry, ...] = ()


def path() -> str:
    """Where the floor is kept."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "lltool", "noise-floor.json")


def stored_floor(host: Mapping[str, Any], *, quick: bool) -> Known:
    """What is known of ``host`` (the document of ``lltool host --json``) as it is now; empty where there is nothing.

    A file that is damaged counts as none: it is a cache of what `lltool bench selftest` measures again.
    """
    wanted = _key(host, quick=quick)
    for entry in _entries():
        if (entry.host, entry.settings, entry.effort) == wanted:
            return Known(entry.floor, entry.false_alarms)
    return Known()


def store_floor(found: Known, host: Mapping[str, Any], measured: str, *, quick: bool) -> str:
    """Keep what was ``found``, benchmark by benchmark, beside what is known of others; returns the path.

    Raises ``LltoolError`` where it cannot be written.
    """
    key = _key(host, quick=quick)
    others = [entry for entry in _entries() if (entry.host, entry.settings, entry.effort) != key]
    known = stored_floor(host, quick=quick)
    # A benchmark that was assessed anew has no false alarms but those found now.
    alarms = {name: rates for name, rates in known.false_alarms.items() if name not in found.floor}
    entry = _Entry(
        host=key[0],
        settings=key[1],
        effort=key[2],
        measured=measured,
        floor={**known.floor, **found.floor},
        false_alarms={**alarms, **found.false_alarms},
    )
    target = path()
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
    except OSError as error:
        raise from_os_error(f"{os.path.dirname(target)} cannot be made", error) from error
    content = {"schema": SCHEMA, **_File(entries=(*others, entry)).model_dump(mode="json")}
    write_atomically(target, json.dumps(content, indent=1) + "\n")
    return target


def _key(host: Mapping[str, Any], *, quick: bool) -> tuple[str, str, str]:
    found = fingerprints(host)
    return found["host"], found["settings"], "quick" if quick else "full"


def _entries() -> tuple[_Entry, ...]:
    try:
        with open(path(), "rb") as file:
            return _File.model_validate_json(file.read()).entries
    except (OSError, ValidationError):
        return ()
