"""The command line: one module per command group. Parse, call, render, exit code.

Nothing heavy is imported here (numpy, jinja2, psutil, pyudev, hdrh, kernels): commands import what they need.
"""

from __future__ import annotations

import sys


def run() -> int:
    """Run the command line; return its exit code. A user's mistake ends in words on stderr, never a traceback."""
    from lltool.cli.app import app
    from lltool.errors import LltoolError

    try:
        app()
    except LltoolError as error:
        sys.stderr.write(f"lltool: {error}\n")
        return error.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    return 0
