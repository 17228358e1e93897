"""docs/chapter.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = re.compile(r"\btest_\w+\.py|`(test_\w+|Test\w+)`")


def test_every_test_that_the_page_names_exists() -> None:
    page = (ROOT / "docs/chapter.md").read_text()
    files = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    sources = "\n".join(files.values())
    named = list(NAMES.finditer(page))
    assert len(named) > 50
    missing = [
        match[0]
        for match in named
        if (
            match[0] not in files
            if match[1] is None
            else not re.search(rf"(def |class |^){match[1]}\b", sources, re.MULTILINE)
        )
    ]
    assert missing == []
