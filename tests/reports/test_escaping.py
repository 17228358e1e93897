"""Text from hosts and users does nothing but be read."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.reports.escaping import json_in_script, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain <b>", "plain <b>"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\U000e0041", "\\U000e0041"),
        ("\udc80", "\\udc80"),
        ("\ufffe", "\\ufffe"),
        ("line\u2028end", "line\\u2028end"),
        ("4096\t131072\n", "4096\t131072\n"),
        ("größe µs 取引", "größe µs 取引"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_right_to_left_label_cannot_reorder_the_figures_beside_it() -> None:
    assert visible("\u05e9 41 to 29") == "\\u05e9 41 to 29"
    assert visible("\u0664") == "\\u0664"


@given(st.text(st.characters(codec=None)))
def test_shown_text_is_utf8_without_controls_or_directions(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert all(
        unicodedata.bidirectional(character) not in {"R", "AL", "AN", "RLO", "RLE", "RLI"} for character in shown
    )
    assert all(unicodedata.category(character) not in {"Cc", "Cf"} for character in shown if character not in "\t\n")


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_embedded_json_reads_back_and_holds_no_markup(document: dict[str, str | int | None]) -> None:
    text = json_in_script(document)
    assert json.loads(text) == document
    assert not set(text) & set("<>&\n")


def test_the_ends_of_a_script_element_are_only_text() -> None:
    text = json_in_script({"label": "</script><!--<script>"})
    assert "<" not in text
    assert json.loads(text)["label"] == "</script><!--<script>"


def test_a_number_that_json_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_in_script({"value": float("nan")})
