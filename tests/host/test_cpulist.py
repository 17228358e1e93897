"""CPU lists and masks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.host.cpulist import MAX_CPUS, format_cpulist, format_cpumask, parse_cpulist, parse_cpumask

CPU_SETS = st.sets(st.integers(0, MAX_CPUS - 1), max_size=300)


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("", ()),
        (" \n", ()),
        ("0", (0,)),
        ("0-3,8", (0, 1, 2, 3, 8)),
        (" 8 , 0-1\n", (0, 1, 8)),
        ("2,2,1-2", (1, 2)),
        ("63-65", (63, 64, 65)),
        ("0-31:2/8", (0, 1, 8, 9, 16, 17, 24, 25)),
        ("1-5:1/2", (1, 3, 5)),
    ],
)
def test_a_list_is_read(text: str, cpus: tuple[int, ...]) -> None:
    assert parse_cpulist(text) == cpus


@pytest.mark.parametrize(
    ("text", "offender"),
    [
        ("0-", "0-"),
        ("0,a", "a"),
        ("3-1", "3-1"),
        ("0,,1", "0,,1"),
        ("-1", "-1"),
        ("0-99999", "0-99999"),
        ("9" * 10000, "999"),
        ("1:2/3", "1:2/3"),
        ("0-7:2", "0-7:2"),
        ("0-7:3/2", "0-7:3/2"),
        ("0-7:0/2", "0-7:0/2"),
        ("²", "²"),
        ("0x3", "0x3"),
    ],
)
def test_a_wrong_part_is_named(text: str, offender: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        parse_cpulist(text)
    assert offender in str(caught.value)


@given(CPU_SETS)
def test_a_list_survives_the_round_trip(cpus: set[int]) -> None:
    assert parse_cpulist(format_cpulist(cpus)) == tuple(sorted(cpus))


@given(CPU_SETS)
def test_a_mask_survives_the_round_trip(cpus: set[int]) -> None:
    assert parse_cpumask(format_cpumask(cpus)) == tuple(sorted(cpus))
    assert parse_cpumask(format_cpumask(cpus, MAX_CPUS)) == tuple(sorted(cpus))


@given(CPU_SETS, st.integers(1, 256))
def test_a_mask_has_the_kernels_form(cpus: set[int], width: int) -> None:
    text = format_cpumask([cpu for cpu in cpus if cpu < width], width)
    first, *rest = text.split(",")
    assert len(first) == -(-((width - 1) % 32 + 1) // 4)
    assert all(len(word) == 8 for word in rest)
    assert len(rest) == (width - 1) // 32


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("3", (0, 1)),
        ("0000,00000003", (0, 1)),
        ("0x00000001,0x80000000", (31, 32)),
        ("ff,00000000,00000000", tuple(range(64, 72))),
        ("0", ()),
    ],
)
def test_a_mask_is_read(text: str, cpus: tuple[int, ...]) -> None:
    assert parse_cpumask(text) == cpus


@pytest.mark.parametrize("text", ["", "g", "1,,1", "123456789", "-1", "1_0", ",".join(["ffffffff"] * 257)])
def test_a_wrong_mask_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CPU mask"):
        parse_cpumask(text)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="CPU 4"):
        format_cpumask([4], width=4)
    with pytest.raises(ValueError, match="negative"):
        format_cpulist([-1])
    with pytest.raises(ValueError, match="negative"):
        format_cpumask([-1])


def test_the_kernels_own_forms() -> None:
    assert format_cpumask([0, 1]) == "3"
    assert format_cpumask([0, 1], 128) == "00000000,00000000,00000000,00000003"
    assert format_cpumask([32], 40) == "01,00000000"
    assert format_cpulist([8, 3, 1, 2, 0]) == "0-3,8"
