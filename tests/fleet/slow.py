"""lltool that stops in the middle of its transaction: it makes FILE.inside, and goes on once FILE.leave is there.

python slow.py FILE tune ...
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lltool.__main__ import main
from lltool.root import Root

_file = sys.argv.pop(1)
_write = Root.write


def _write_and_wait(self: Root, path: str, text: str) -> None:
    _write(self, path, text)
    Path(f"{_file}.inside").touch()
    while not Path(f"{_file}.leave").exists():
        time.sleep(0.05)


Root.write = _write_and_wait  # type: ignore[method-assign]
sys.exit(main())
