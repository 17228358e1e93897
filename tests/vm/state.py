"""Runs in the guest: everything that a tune and its rollback must leave as it was, as one JSON document.

Every file below /etc and the menu of GRUB (kind, mode, owner, content or destination), the kernel command line, and
the live value of every setting of the catalogue that has one.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

from lltool.root import Root
from lltool.tuning.catalogue import load_catalogue
from lltool.tuning.host import tuned_host
from lltool.tuning.kinds.base import Knob
from lltool.tuning.observation import snapshot

# Written at every boot or shutdown by the system itself, tuned or not.
VOLATILE = {"/etc/resolv.conf", "/etc/mtab", "/etc/adjtime"}
MENU = "/boot/grub/grub.cfg"
# The one counts up by itself; the other the kernel chooses at every boot, by how steadily the emulated TSC ran.
PASSING = {"cpu.steal", "cpu.clocksource"}


def main() -> None:
    catalogue = load_catalogue()
    settings = [entry.id for entry in catalogue if entry.id not in PASSING]
    values = snapshot(catalogue, tuned_host(Root()), settings)
    paths = [path for path in sorted(Path("/etc").rglob("*")) if str(path) not in VOLATILE]
    document = {
        "files": {str(path): _entry(path) for path in [*paths, Path(MENU)]},
        "cmdline": Path("/proc/cmdline").read_text(),
        "values": {_place(knob): value for knob, value in values.items()},
    }
    json.dump(document, sys.stdout)


def _place(knob: Knob) -> str:
    """Where a value is; a kernel thread has another number in every boot, and is known by its name."""
    return f"thread {knob.part}" if re.fullmatch(r"/proc/\d+", knob.path) else str(knob)


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
