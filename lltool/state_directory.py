"""Where lltool keeps what it knows of this host: ``LLTOOL_STATE_DIR``, else ``/var/lib/lltool``."""

from __future__ import annotations

import os

from lltool.root import Root

DEFAULT_DIRECTORY = "/var/lib/lltool"
VARIABLE = "LLTOOL_STATE_DIR"


def state_directory(root: Root) -> str:
    """The directory, which need not exist yet."""
    return os.environ.get(VARIABLE) or root.path(DEFAULT_DIRECTORY)
