"""Ring and seqlock in every execution that C11 allows: the headers' own code under GenMC, where it is installed.

``test_seqlock_order.py`` and the runs under ThreadSanitizer need no such tool and always run.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kernels.test_stress import INCLUDE, LAST_INDEX, SPSC_ORDERINGS, weaken

HERE = Path(__file__).resolve().parent
MODELS = ("-rc11", "-imm")
LAYOUTS = ("LLT_SPSC_SEQUENCED", "LLT_SPSC_INDEXED")


def verdict(program: str, *defines: str, model: str = "-rc11", include: Path = INCLUDE) -> str:
    """What GenMC says of a C file beside this one."""
    checker = shutil.which("genmc")
    if checker is None:
        pytest.skip("needs genmc")
    command = [checker, model, "--", "-DLLT_C11_ONLY", f"-I{include}", *defines, str(HERE / program)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("capacity", "items"), [(1, 3), (2, 4)])
@pytest.mark.parametrize("first", [0, LAST_INDEX])
def test_ring_is_right_in_every_execution(model: str, layout: str, capacity: int, items: int, first: int) -> None:
    defines = (f"-DLAYOUT={layout}", f"-DCAPACITY={capacity}", f"-DITEMS={items}", f"-DFIRST={first}u")
    assert "No errors were detected" in verdict("ring_model.c", *defines, model=model)


@pytest.mark.parametrize(("header", "ordering"), SPSC_ORDERINGS)
def test_a_ring_with_a_weaker_ordering_has_a_race(tmp_path: Path, header: str, ordering: str) -> None:
    layout = LAYOUTS["indexed" in header]
    weaken(tmp_path, header, ordering)
    defines = (f"-DLAYOUT={layout}", "-DCAPACITY=1", "-DITEMS=3", "-DFIRST=0")
    assert "Error detected" in verdict("ring_model.c", *defines, include=tmp_path)


@pytest.mark.parametrize("model", MODELS)
def test_seqlock_gives_no_torn_copy_in_any_execution(model: str) -> None:
    assert "No errors were detected" in verdict("seqlock_model.c", model=model)


@pytest.mark.parametrize("model", MODELS)
def test_the_seqlock_of_the_chapter_gives_a_torn_copy(model: str) -> None:
    assert "Safety violation" in verdict("seqlock_model.c", "-DSKETCH", model=model)
