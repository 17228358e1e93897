"""Starting is cheap: what a command does not need is not imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lltool import __version__
from lltool.cli.app import COMMANDS, GROUPS

HEAVY = {"numpy", "jinja2", "psutil", "pyudev", "hdrh", "picows", "lltool.kernels"}


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
    code = "import sys; from lltool.cli.app import command_tree; command_tree(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert "lltool.cli.trial" in names
    assert not {name for name in names if name in HEAVY or name.startswith("lltool.kernels")}


def test_a_command_imports_no_other_commands(tmp_path: Path) -> None:
    code = "import sys; sys.argv[1:] = ['history']; from lltool.cli import run; run(); print(*sys.modules)"
    environment = os.environ | {"LLTOOL_STATE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    names = set(done.stdout.split())
    assert "lltool.cli.rollback" in names
    assert not names & {"lltool.cli.trial", "lltool.cli.bench", "lltool.cli.report"}


def test_every_command_has_help_whether_alone_or_in_the_whole_tree() -> None:
    whole = subprocess.run([sys.executable, "-m", "lltool", "--help"], capture_output=True, text=True, check=True)
    for name in (*COMMANDS, *GROUPS):
        assert f" {name} " in whole.stdout
    alone = subprocess.run(
        [sys.executable, "-m", "lltool", "bench", "list", "--help"], capture_output=True, text=True, check=True
    )
    assert "lltool bench list" in alone.stdout


def test_version_names_the_package() -> None:
    done = subprocess.run([sys.executable, "-m", "lltool", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"lltool {__version__}\n"
