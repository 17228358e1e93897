"""The command line as its user runs it: a process, its exit code, its two streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def lltool(tmp_path: Path) -> Command:
    """Run lltool in an empty directory with a state directory of its own."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lltool", *arguments],
            cwd=tmp_path,
            env=os.environ | {"LLTOOL_STATE_DIR": str(tmp_path / "state")} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run
