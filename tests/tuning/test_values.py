"""What a profile may ask for, and what meets it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.tuning.values import ValueSpec, Wish

TRIPLE = ValueSpec("ints", 1, 2**31 - 1, 3)
NUMBER = ValueSpec("int", 0, 200)
CHOICE = ValueSpec("choice", choices=("never", "always"))


def test_tabs_of_the_kernel_are_spaces_of_the_profile() -> None:
    assert TRIPLE.parse("4096 87380 26214400").met_by("4096\t87380\t26214400")


def test_a_prefix_is_not_a_match() -> None:
    assert not NUMBER.parse("1").met_by("10")


@pytest.mark.parametrize("value", ["201", "-1", "ten", "1 2", "", "1.5"])
def test_a_number_out_of_bounds_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"outside|whole number"):
        NUMBER.parse(value)


def test_a_choice_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(ValueError, match="never, always"):
        CHOICE.parse("sometimes")


def test_at_least_is_for_numbers_only() -> None:
    with pytest.raises(ValueError, match="only numbers"):
        CHOICE.parse(">= never")


def test_cpu_lists_are_brought_into_one_form() -> None:
    assert ValueSpec("cpus").parse("3,2,0-1").text == "0-3"


@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=3), st.lists(st.integers(1, 10**6), min_size=3, max_size=3))
def test_at_least_never_lowers_and_is_then_met(live: list[int], wanted: list[int]) -> None:
    wish = Wish(" ".join(map(str, wanted)), at_least=True)
    present = "\t".join(map(str, live))
    target = wish.text_over(present)
    assert all(int(new) >= old for new, old in zip(target.split(), live, strict=True))
    assert wish.met_by(target)
    assert wish.met_by(present) == all(old >= new for old, new in zip(live, wanted, strict=True))
