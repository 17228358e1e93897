"""Starting is cheap: what a command does not need is not imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lltool import __version__

HEAVY = {"numpy", "jinja2", "psutil", "pyudev", "hdrh", "lltool.kernels"}


def imported_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lltool", *arguments], capture_output=True, text=True, check=True
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return names | {name.rpartition(".")[0] for name in names}


def test_version_is_answered_before_typer_is_imported() -> None:
    names = imported_by("--version")
    assert "lltool.__main__" in names or "lltool" in names
    assert "typer" not in names
    assert not names & HEAVY


@pytest.mark.parametrize("arguments", [["--help"], ["tune", "--help"], ["bench", "--help"], ["trial", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    names = imported_by(*arguments)
    assert "typer" in names
    assert not names & HEAVY


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    code = "import sys, lltool.cli.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert "lltool.cli.trial" in names
    assert not {name for name in names if name in HEAVY or name.startswith("lltool.kernels")}


def test_version_names_the_package() -> None:
    done = subprocess.run([sys.executable, "-m", "lltool", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"lltool {__version__}\n"
