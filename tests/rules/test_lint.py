"""The linters are tests: what they find fails the suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON_SOURCES = ["lltool", "kernels", "reports", "profiles", "tests"]


def run(*command: str) -> None:
    scripts = os.path.dirname(sys.executable)
    environment = os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    run(sys.executable, "-m", "ruff", "check", "--no-cache", ".")


def test_sources_are_formatted() -> None:
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".")


def test_mypy_strict_finds_nothing() -> None:
    run(sys.executable, "-m", "mypy", "--no-incremental", "--config-file", "pyproject.toml", "-p", "lltool")


def test_cython_lint_finds_nothing() -> None:
    sources = [str(path) for path in sorted((ROOT / "kernels").rglob("*.p[yx][xd]"))]
    assert sources
    run("cython-lint", "--ban-relative-imports", "--max-line-length=120", *sources)


def test_layers_hold() -> None:
    run("lint-imports", "--config", "pyproject.toml", "--no-cache")


def test_words_are_spelled() -> None:
    run(sys.executable, "-m", "codespell_lib", "lltool", "kernels", "reports", "profiles", "tests", "README.md")


@pytest.mark.parametrize("link", ["kernels", "profiles", "reports"])
def test_links_are_links(link: str) -> None:
    """A tool that copies them as folders would give every kernel a second name."""
    path = ROOT / "lltool" / link
    assert path.is_symlink()
    assert os.readlink(path) == f"../{link}"
