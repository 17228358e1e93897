"""Runs in the guest: everything that a tune and its rollback must leave as it was, as one JSON document.

Every file below /etc (kind, mode, owner, content or destination), the kernel command line, and the live value of every
catalogued setting that the profile names.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.observation import snapshot
from lltool.tuning.plan import target

# Written at every boot or shutdown by the system itself, tuned or not.
VOLATILE = {"/etc/resolv.conf", "/etc/mtab", "/etc/adjtime"}
THREAD = "thread "


def main() -> None:
    wanted = target(sys.argv[1], Root())
    values = snapshot(wanted.catalogue, wanted.host, wanted.selected)
    document = {
        "etc": {str(path): _entry(path) for path in sorted(Path("/etc").rglob("*")) if str(path) not in VOLATILE},
        "cmdline": Path("/proc/cmdline").read_text(),
        "values": {_place(knob): value for knob, value in values.items()},
    }
    json.dump(document, sys.stdout)


def _place(knob: Knob) -> str:
    """Where a value is; a kernel thread has another number in every boot, and is known by its name."""
    return f"{THREAD}{knob.part}" if re.fullmatch(r"/proc/\d+", knob.path) else str(knob)


def _entry(path: Path) -> list[str]:
    status = path.lstat()
    if path.is_symlink():
        content = os.readlink(path)
    elif path.is_file():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    else:
        content = ""
    return [oct(status.st_mode), f"{status.st_uid}:{status.st_gid}", content]


main()
