"""FIX against quickfix: what both take they read alike, and a wrong length or sum neither takes."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("lltool.kernels.fix", reason="needs the compiled kernels")
from lltool.kernels.fix import Template, parse
from tests.quickfix import build

SOURCE = Path(__file__).resolve().parent / "quickfix_reader.cpp"
TAGS = [1, 6, 11, 14, 15, 17, 31, 32, 37, 38, 40, 44, 54, 55, 58, 59, 60, 150, 151, 336, 528, 5001, 20012, 9999999]
KINDS = (b"D", b"8", b"0", b"F", b"9")

Fields = list[tuple[int, bytes]]


@pytest.fixture(scope="module")
def quickfix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(SOURCE, tmp_path_factory.mktemp("quickfix"))


def read(program: Path, texts: list[bytes]) -> list[Fields | None]:
    """What quickfix makes of each: its fields by tag, None for one it refuses."""
    lines = "".join(text.hex() + "\n" for text in texts)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True, timeout=120)
    return [None if line == "refused" else fields(line) for line in done.stdout.splitlines()]


def fields(line: str) -> Fields:
    return [(int(tag), bytes.fromhex(value)) for tag, value in (field.split("=") for field in line.split())]


def ours(text: bytes) -> Fields | None:
    try:
        return sorted(parse(text).items())
    except ValueError:
        return None


def messages(count: int) -> list[bytes]:
    source = random.Random(44)  # noqa: S311 - test data, not a secret
    made = []
    for _ in range(count):
        body = [(35, source.choice(KINDS)), (49, b"ME"), (56, b"YOU"), (34, b"%d" % source.randrange(1, 10**6)),
                (52, b"20240627-11:17:25.223")]  # fmt: skip
        for tag in source.sample(TAGS, source.randrange(1, len(TAGS))):
            size = source.randrange(1, 30)
            body.append((tag, bytes(source.randrange(32, 127) for _ in range(size))))
        made.append(Template(body).build())
    return made


def test_good_messages_are_read_alike(quickfix: Path) -> None:
    texts = messages(400)
    assert read(quickfix, texts) == [ours(text) for text in texts]
    assert None not in read(quickfix, texts)


def test_a_changed_byte_is_refused_by_both(quickfix: Path) -> None:
    """Each message with one byte of its body or its trailer changed: the sum is another one."""
    source = random.Random(45)  # noqa: S311 - test data, not a secret
    broken = []
    for text in messages(400):
        at = source.randrange(25, len(text) - 1)
        broken.append(text[:at] + bytes([text[at] ^ 1 << source.randrange(7)]) + text[at + 1 :])
    assert [ours(text) for text in broken] == [None] * len(broken)
    assert read(quickfix, broken) == [None] * len(broken)


def test_another_length_is_refused_by_both(quickfix: Path) -> None:
    texts = [text.replace(b"\x019=", b"\x019=1", 1) for text in messages(50)]
    assert [ours(text) for text in texts] == read(quickfix, texts) == [None] * len(texts)
