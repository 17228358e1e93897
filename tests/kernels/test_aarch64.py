"""The C harness of clock, ring and seqlock for aarch64, under qemu-user: that they compile and run there.

Emulation on x86-64 keeps more order than the architecture asks for: the orderings are what test_memory_model.py and
test_seqlock_order.py prove.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kernels.conftest import INCLUDE, WARNINGS
from tests.kernels.test_stress import LAST_INDEX

HERE = Path(__file__).resolve().parent
COMPILER = "aarch64-linux-gnu-gcc"
EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("clock_check", ()),
        ("spsc_stress", (1, 50_000, LAST_INDEX - 1000, 8)),
        ("spsc_stress", (2, 50_000, LAST_INDEX - 1000, 8)),
        ("seqlock_stress", (200,)),
    ],
    ids=["clock", "ring-sequenced", "ring-indexed", "seqlock"],
)
def test_it_runs_on_aarch64(tmp_path: Path, program: str, arguments: Sequence[int]) -> None:
    compiler = shutil.which(COMPILER)
    emulator = next((path for name in EMULATORS if (path := shutil.which(name))), None)
    if compiler is None or emulator is None:
        pytest.skip(f"needs {COMPILER} and one of {', '.join(EMULATORS)}")
    built = tmp_path / program
    flags = ["-O2", "-pthread", "-static", *WARNINGS, f"-I{INCLUDE}"]
    subprocess.run([compiler, *flags, str(HERE / f"{program}.c"), "-o", str(built)], check=True, timeout=120)
    command = [emulator, str(built), *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
