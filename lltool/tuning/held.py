"""When each setting was last seen in force: written by tune and by verify --since-boot, read by the latter.

One file of the state directory, bound to the boot; without it nothing but the history of a drift is lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from typing import Any

from lltool.atomic import write_atomically
from lltool.errors import LltoolError
from lltool.root import Root
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.store import Store
from lltool.tuning.transaction import current_boot_id

_FILE = "held.json"


def read_held(store: Store, root: Root) -> dict[str, float]:
    """Seconds since the epoch by setting, of this boot; empty where nothing is known."""
    try:
        with open(_path(store), encoding="utf-8") as file:
            document: Any = json.load(file)
        if document["boot_id"] != current_boot_id(root):
            return {}
        return {str(setting): float(seconds) for setting, seconds in document["settings"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def record_held(store: Store, root: Root, findings: Iterable[Finding], now_seconds: float) -> str:
    """Note which settings are in force now; returns why that could not be done, empty where it was."""
    seen = {finding.setting: now_seconds for finding in findings if finding.verdict is Verdict.OK}
    return _write(store, root, read_held(store, root) | seen)


def forget_held(store: Store, root: Root, settings: Collection[str]) -> str:
    """These settings were taken back on purpose: that they held before explains nothing any more.

    Returns why that could not be noted, empty where it was.
    """
    held = read_held(store, root)
    left = {setting: seconds for setting, seconds in held.items() if setting not in settings}
    return _write(store, root, left) if left != held else ""


def _write(store: Store, root: Root, held: dict[str, float]) -> str:
    document = {"boot_id": current_boot_id(root), "settings": held}
    try:
        write_atomically(_path(store), json.dumps(document) + "\n")
    except LltoolError as error:
        return f"{error.what}: {error.cause}; what a later verify --since-boot says of now is not right"
    return ""


def _path(store: Store) -> str:
    return os.path.join(store.directory, _FILE)
