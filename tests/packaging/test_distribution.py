"""What is installed: one package, no sources of kernels, the same from sdist, wheel and checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lltool import __version__

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(1200)  # every kernel is compiled


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout, and the wheel that was built from that sdist; with symbols, to name functions by."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a checkout")
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--config-setting=install.strip=false", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_one_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"lltool", f"lltool-{__version__}.dist-info"}


def test_the_wheel_holds_code_and_data_and_no_sources_of_kernels(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert not [name for name in names if re.search(r"\.(pyx|h|c)$", name)]
    for kernel in ROOT.glob("kernels/**/*.pyx"):
        stem = f"lltool/{kernel.relative_to(ROOT).with_suffix('')}"
        assert any(name.startswith(f"{stem}.") and name.endswith(".so") for name in names), stem
        # What only other kernels call has nothing that a type checker could see.
        if kernel.with_suffix(".pyi").exists():
            assert f"{stem}.pyi" in names
    for data in [
        *ROOT.glob("profiles/**/*.toml"),
        *ROOT.glob("reports/templates/*"),
        *ROOT.glob("reports/vendor/*/*"),
        *(path for kind in ("css", "js") for path in ROOT.glob(f"reports/*.{kind}")),
        *ROOT.glob("lltool/schemas/*.json"),
    ]:
        assert f"lltool/{str(data.relative_to(ROOT)).removeprefix('lltool/')}" in names
    assert "lltool/py.typed" in names


def test_the_kernels_need_no_wider_instructions_than_every_x86_64_has(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Wider ones are allowed in functions that are chosen at run time, which carry their level in their name."""
    if os.uname().machine != "x86_64":
        pytest.skip("needs x86-64")
    wheel.extractall(tmp_path)  # noqa: S202 - built a moment ago, from this checkout
    for library in tmp_path.rglob("*.so"):
        function = ""
        for line in run("objdump", "-d", "--no-show-raw-insn", library).splitlines():
            if line.endswith(">:"):
                function = line
            elif re.search(r"%[yz]mm", line):
                assert re.search(r"_(avx2|avx512)", function), f"{library.name}: {function} {line}"


def test_the_sdist_holds_what_the_build_needs_and_nothing_of_the_build(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE"} <= names
    assert "lltool/kernels/include/llt_arch.h" in names
    assert not [name for name in names if name.startswith(("build/", ".venv/", "lltool-results/"))]


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment into which the wheel was installed."""
    (path,) = built.glob("*.whl")
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/python", "-m", "pip", "install", "--quiet", path)
    return folder / "bin"


def test_a_wheel_in_an_empty_environment_gives_a_working_lltool(installed: Path, tmp_path: Path) -> None:
    assert run(installed / "lltool", "--version", cwd=tmp_path) == f"lltool {__version__}\n"
    listed = run(installed / "lltool", "profile", "list", cwd=tmp_path)
    assert "hft" in listed
    measured = run(
        installed / "lltool", "bench", "run", "seqlock.read", "--quick", "--runs", "1", "--json", cwd=tmp_path
    )
    assert '"lltool.result/1"' in measured


def test_a_strategy_of_ones_own_is_built_against_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    """The documentation's, step by step, and its example: nothing of the checkout is there."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    documentation = (ROOT / "docs" / "strategy.md").read_text()
    (strategy,) = re.findall(r"```cython\n(.*?)```", documentation, re.DOTALL)
    (example,) = re.findall(r"```python\n(.*?)```", documentation, re.DOTALL)
    (tmp_path / "imbalance.pyx").write_text(strategy)
    (tmp_path / "example.py").write_text(example)
    run(installed / "python", "-m", "pip", "install", "--quiet", "cython", "setuptools")
    run(installed / "cythonize", "-3", "-i", "imbalance.pyx", cwd=tmp_path)
    assert run(installed / "python", "example.py", cwd=tmp_path) == "None\n"
