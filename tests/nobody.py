"""Running things as a user without any privilege."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import lltool

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c", '"$0" "$@"')
"""A shell in between: the first program would still be opened with root's rights."""


def _nobody_reaches_lltool() -> bool:
    if os.geteuid() != 0:
        return False
    probe = subprocess.run(
        [*AS_NOBODY, sys.executable, "-c", "import lltool"], capture_output=True, check=False, cwd="/"
    )
    return probe.returncode == 0


needs_nobody = pytest.mark.skipif(
    not _nobody_reaches_lltool(),
    reason=f"needs root, and an interpreter and a checkout that user {NOBODY} can read ({lltool.__file__})",
)
