"""Parsers, codec and books under AddressSanitizer and UBSan: mutants of good messages, then inputs of libFuzzer.

Each program compares what it reads with a plain reading of the same bytes: a number misread ends it as a bad access
does. For a long run: ``LLT_FUZZ_SECONDS=600 pytest tests/kernels/test_fuzz.py -k engine --timeout=0``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import HERE, INCLUDE, WARNINGS, Build

SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ROUNDS = {"binance_fuzz": 40_000, "fix_fuzz": 40_000, "sbe_fuzz": 40_000, "codec_fuzz": 20_000, "books_fuzz": 1500}
SECONDS = os.environ.get("LLT_FUZZ_SECONDS", "5")


@pytest.mark.parametrize("name", ROUNDS)
def test_mutants_are_refused_or_read_alike(build: Build, name: str) -> None:
    command = [*build(name, SANITIZED), str(ROUNDS[name])]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The compiler's command that builds with libFuzzer; skips where there is none."""
    clang = shutil.which("clang")
    if clang is None:
        pytest.skip("needs clang")
    source = tmp_path_factory.mktemp("engine") / "empty.c"
    source.write_text("int LLVMFuzzerTestOneInput(const char *t, long n) { return t == 0 && n; }\n")
    command = [clang, "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
    if subprocess.run(
        [*command, str(source), "-o", str(source.with_suffix(""))], check=False, capture_output=True
    ).returncode:
        pytest.skip("needs clang's libFuzzer")
    return command


@pytest.mark.parametrize("name", ROUNDS)
def test_the_engine_finds_nothing(build: Build, engine: list[str], name: str, tmp_path: Path) -> None:
    """A corpus of mutants, then inputs chosen by the branches they reach."""
    corpus, program = tmp_path / "corpus", tmp_path / name
    corpus.mkdir()
    subprocess.run([*build(name), "200", str(corpus)], check=True, timeout=60)
    flags = ["-O1", "-g", "-DLLT_LIBFUZZER", *WARNINGS, "-Wno-unused-function", f"-I{INCLUDE}"]
    subprocess.run([*engine, *flags, str(HERE / f"{name}.c"), "-o", str(program)], check=True, timeout=120)
    command = [str(program), f"-max_total_time={SECONDS}", "-seed=1", "-max_len=4096", str(corpus)]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
