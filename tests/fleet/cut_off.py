"""lltool that dies, with the ssh session that it runs in, just after its first change of the kernel took effect."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from lltool.__main__ import main
from lltool.root import Root

_write = Root.write


def _write_and_die(self: Root, path: str, text: str) -> None:
    _write(self, path, text)
    os.kill(_session(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _session() -> int:
    """The process of sshd that serves this connection: the nearest one above this process."""
    pid = os.getpid()
    while True:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        if name.startswith("sshd"):
            return pid
        pid = int(rest.split()[1])


Root.write = _write_and_die  # type: ignore[method-assign]
sys.exit(main())
