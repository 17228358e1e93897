"""The command line: one module per command group. Parse, call, render, exit code.

Nothing heavy is imported here (numpy, jinja2, psutil, pyudev, hdrh, kernels): commands import what they need.
"""

from __future__ import annotations

import sys

_INTERRUPTED = 130
"""What typer makes of Ctrl-C in a command that does not handle it itself; lltool's own code for a failure is 1."""


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
        if stop.code == _INTERRUPTED:
            sys.stderr.write("lltool: interrupted\n")
            return 1
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    return 0
