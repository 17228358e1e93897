"""Every kernel that Python can use has a stub for type checkers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
INTERNAL = {"record_type", "span"}
"""Kernels whose classes only other kernels make or use."""


@pytest.mark.parametrize("kernel", sorted(KERNELS.rglob("*.pyx")), ids=lambda path: str(path.relative_to(KERNELS)))
def test_a_kernel_that_python_can_use_has_a_stub(kernel: Path) -> None:
    offers = re.search(r"^(?:def|cpdef|class|cdef class) ", kernel.read_text(), re.MULTILINE)
    if offers and kernel.stem not in INTERNAL:
        assert kernel.with_suffix(".pyi").exists()
