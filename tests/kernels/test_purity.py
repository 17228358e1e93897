"""No Python inside a hot loop: Cython's own annotation says how much of it each line needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("Cython", reason="needs Cython")

ROOT = Path(__file__).resolve().parents[2]
DIRECTIVES = ("boundscheck=False", "wraparound=False", "initializedcheck=False", "nonecheck=False", "cdivision=True")
"""Those of CMakeLists.txt: without them a bounds check would count as Python."""

ANNOTATED_LINE = re.compile(r'<pre class="cython line score-(\d+)"[^>]*>.*?<span class="">0*(\d+)</span>')
PYTHON = re.compile(r"Python\.h|\bPy[A-Z_]\w*\s*[(;*]")
OPENS_WITHOUT_GIL = re.compile(r"^\s*(with nogil\s*:|cdef\b.*\bnogil\s*:)")


def annotate(tree: Path) -> dict[str, str]:
    """Annotate every kernel below ``tree``/lltool/kernels without compiling it; the page of each by its name."""
    kernels = sorted((tree / "lltool" / "kernels").rglob("*.pyx"))
    directives = [word for directive in DIRECTIVES for word in ("-X", directive)]
    names = [str(kernel.relative_to(tree)) for kernel in kernels]
    command = [sys.executable, "-m", "cython", "-3", "--annotate", *directives, *names]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, timeout=280)
    return {str(kernel.relative_to(tree)): kernel.with_suffix(".html").read_text() for kernel in kernels}


def lines_without_gil(source: str) -> set[int]:
    """The numbers of the lines that run without the GIL: bodies of nogil functions and of ``with nogil`` blocks."""
    found: set[int] = set()
    opened_at: int | None = None
    head = ""
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.split("#")[0].rstrip()
        if not text:
            continue
        indent = len(text) - len(text.lstrip())
        if opened_at is not None and indent <= opened_at:
            opened_at = None
        if opened_at is not None:
            found.add(number)
            continue
        # A signature over several lines is one head.
        head = f"{head} {text.strip()}" if head else text
        if head.count("(") > head.count(")"):
            continue
        if OPENS_WITHOUT_GIL.match(head):
            opened_at = len(head) - len(head.lstrip())
        head = ""
    return found


def violations(tree: Path) -> list[str]:
    """Lines without the GIL that need Python, as ``file:line: score``."""
    found = []
    for name, page in annotate(tree).items():
        free = lines_without_gil((tree / name).read_text())
        scores = {int(number): int(score) for score, number in ANNOTATED_LINE.findall(page)}
        assert free <= scores.keys(), f"{name}: the annotation lacks lines {sorted(free - scores.keys())}"
        found += [f"{name}:{number}: score {scores[number]}" for number in sorted(free) if scores[number] > 0]
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the kernels under the name of their package, to annotate in."""
    (tmp_path / "lltool").mkdir()
    (tmp_path / "lltool" / "__init__.py").touch()
    shutil.copytree(ROOT / "kernels", tmp_path / "lltool" / "kernels", ignore=shutil.ignore_patterns("*.so", "*.c"))
    return tmp_path


def only(tree: Path, *names: str) -> None:
    """Leave no other kernel in ``tree``, so that a test of the test is quick."""
    for kernel in (tree / "lltool" / "kernels").rglob("*.pyx"):
        if kernel.name not in names:
            kernel.unlink()


def test_no_line_without_the_gil_needs_python(tree: Path) -> None:
    assert violations(tree) == []


def test_no_header_knows_python() -> None:
    """Loops in headers are not annotated."""
    headers = sorted((ROOT / "kernels" / "include").glob("*.h"))
    assert headers
    assert [header.name for header in headers if PYTHON.search(header.read_text())] == []


def test_every_kernel_has_lines_without_the_gil_or_no_loops() -> None:
    """A checker that finds no lines would be content with anything."""
    blind = [
        str(kernel.relative_to(ROOT))
        for kernel in sorted((ROOT / "kernels" / "loops").rglob("*.pyx"))
        if not lines_without_gil(kernel.read_text())
    ]
    assert blind == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("        llt_recorder *recorder, llt_recorder *starts, uint64_t duration, uint64_t threshold) noexcept nogil:",
         "        llt_recorder *recorder, llt_recorder *starts, uint64_t duration, uint64_t threshold) nogil:"),
        ("        last = now\n", "        last = now\n        if last == 1:\n            raise ValueError\n"),
    ],
    ids=["an exception check at the call", "a raise in the loop"],
)  # fmt: skip
def test_a_planted_violation_is_found(tree: Path, good: str, bad: str) -> None:
    only(tree, "gaps.pyx")
    kernel = tree / "lltool" / "kernels" / "loops" / "gaps.pyx"
    text = kernel.read_text()
    assert good in text
    kernel.write_text(text.replace(good, bad))
    assert violations(tree) != []


def test_a_signature_over_several_lines_is_seen() -> None:
    source = "cdef int f(\n    int a,\n    int b,\n) noexcept nogil:\n    return a\n\ndef g():\n    return 1\n"
    assert lines_without_gil(source) == {5}


def test_blocks_end_with_their_indentation() -> None:
    source = "def f():\n    with nogil:\n        a()\n        # note\n\n        b()\n    c()\n"
    assert lines_without_gil(source) == {3, 6}
