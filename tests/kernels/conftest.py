"""Compiles the C programs beside the tests against the headers of the kernels."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "kernels" / "include"
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror")
THREAD_SANITIZER = ("-fsanitize=thread", "-Wno-tsan", "-g")

Build = Callable[..., list[str]]


@pytest.fixture(scope="session")
def compiler() -> str:
    path = shutil.which("gcc")
    if path is None:
        pytest.skip("needs gcc")
    return path


@pytest.fixture(scope="session")
def build(compiler: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """``build("spsc_stress", flags, include)`` gives the command that runs the program built from that C file."""
    folder = tmp_path_factory.mktemp("c")

    def build_one(name: str, flags: Sequence[str] = (), include: Path = INCLUDE) -> list[str]:
        program = folder / f"{name}-{len(list(folder.iterdir()))}"
        source = HERE / f"{name}.c"
        command = [compiler, "-O2", "-pthread", *WARNINGS, *flags, f"-I{include}", str(source), "-o", str(program)]
        subprocess.run(command, check=True, timeout=60)
        return [str(program)]

    return build_one


@pytest.fixture(scope="session")
def build_with_tsan(compiler: str, build: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """As ``build``, under ThreadSanitizer; skips where its library is missing or it cannot run."""
    source = tmp_path_factory.mktemp("tsan") / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    program = source.with_suffix("")
    compiled = subprocess.run(
        [compiler, *THREAD_SANITIZER, str(source), "-o", str(program)], check=False, capture_output=True, timeout=60
    )
    if compiled.returncode:
        pytest.skip("needs the library of ThreadSanitizer")
    # Its shadow memory wants a fixed layout: some kernels randomise addresses further than it can follow.
    for prefix in ([], ["setarch", "-R"]):
        if prefix and shutil.which(prefix[0]) is None:
            continue
        if subprocess.run([*prefix, str(program)], check=False, capture_output=True, timeout=60).returncode == 0:
            break
    else:
        pytest.skip("needs a kernel on which ThreadSanitizer runs")

    def build_one(name: str, flags: Sequence[str] = (), include: Path = INCLUDE) -> list[str]:
        return [*prefix, *build(name, [*THREAD_SANITIZER, *flags], include)]

    return build_one
