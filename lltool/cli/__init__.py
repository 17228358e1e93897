"""The command line: one module per command group. Parse, call, render, exit code.

Nothing heavy is imported here (numpy, jinja2, psutil, pyudev, hdrh, kernels): commands import what they need.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.errors import LltoolError

_INTERRUPTED = 130
"""What typer makes of Ctrl-C in a command that does not handle it itself; lltool's own code for a failure is 1."""


def run() -> int:
    """Run the command line; return its exit code. A user's mistake ends in words on stderr, never a traceback."""
    from lltool.cli.app import command_tree
    from lltool.errors import LltoolError, from_os_error

    try:
        try:
            command_tree(sys.argv[1] if len(sys.argv) > 1 else None)()
        finally:
            sys.stdout.flush()
    except LltoolError as error:
        return _fail(error)
    except SystemExit as stop:
        if stop.code == _INTERRUPTED:
            sys.stderr.write("lltool: interrupted\n")
            return 1
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except OSError as error:
        # Files are named by those who open them; only the standard streams have no name.
        if error.filename is not None:
            raise
        return _fail(from_os_error("standard output does not take the result", error))
    return 0


def _fail(error: LltoolError) -> int:
    sys.stderr.write(f"lltool: {error}\n")
    # What is left in the buffer would fail again when the interpreter closes the stream.
    sys.stdout = None
    return error.exit_code
