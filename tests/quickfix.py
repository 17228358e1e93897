"""Programs against QuickFIX, an independent FIX engine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def build(source: Path, folder: Path) -> Path:
    """The program of one C++ file, built in ``folder``; skips where compiler or library are missing."""
    if shutil.which("g++") is None or not Path("/usr/include/quickfix").is_dir():
        pytest.skip("needs g++ and libquickfix-dev")
    program = folder / source.stem
    command = ["g++", "-std=c++14", "-O0", "-w", str(source), "-o", str(program), "-lquickfix", "-lpthread"]
    subprocess.run(command, check=True, timeout=240)
    return program
