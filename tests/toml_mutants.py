"""TOML files changed at random: values of other types and sizes, lines lost and doubled, bytes that are no text."""

from __future__ import annotations

import os

from hypothesis import Phase, settings
from hypothesis import strategies as st

VALUES = (
    "0", "-1", "1", "9223372036854775808", "-9223372036854775809", "1e400", "-inf", "nan", "0.000000001", "1_000",
    "true", '""', '"x"', '"\\u0000"', "'" + "y" * 70_000 + "'", "[]", "[[]]", '[""]', '["a", "a"]', "[1]", "0x7f",
    "{}", "{ a = 1 }", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", '"1-0"', '"0-999999999999"', '"\\ud800"',
    "9" * 5000, "1." + "0" * 400 + "1", "[" * 3000 + "]" * 3000, "1e99999999999999999999",
    '"/\\u0000"', '"../x"', '"/"',
)  # fmt: skip
CHARACTERS = '[]=".a1#\n'

FUZZ = settings(
    max_examples=int(os.environ.get("LLT_FUZZ_EXAMPLES", "100")), deadline=None, phases=(Phase.explicit, Phase.generate)
)
"""For a long run: ``LLT_FUZZ_EXAMPLES=100000 pytest -k arbitrary --timeout=0``."""


@st.composite
def mutants(draw: st.DrawFn, text: str) -> bytes:
    """``text`` after a few changes."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        key, equals, _ = lines[at].partition("=")
        match draw(st.integers(0, 7)):
            case 0 | 1 | 2 if equals:
                lines[at] = f"{key}= {draw(st.sampled_from(VALUES))}"
            case 3:
                lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
            case 4 if len(lines) > 1:
                del lines[at]
            case 5:
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
            case 6:
                lines.insert(at, draw(st.text(max_size=30)))
            case _:
                lines[at] = lines[at].replace(
                    *draw(st.tuples(st.sampled_from('[]=".a1#'), st.sampled_from('[]=".b0\n')))
                )
    whole = "\n".join(lines).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        cut = draw(st.integers(0, len(whole)))
        whole = whole[:cut] + draw(st.binary(min_size=1, max_size=4)) + whole[cut:]
    return whole
