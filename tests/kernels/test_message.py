"""The packed message, against struct."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

message = pytest.importorskip("lltool.kernels.message", reason="needs the compiled kernels")

Fields = tuple[int, int, int, int, int]

LAYOUT = struct.Struct("<BIqQQ")
FIELDS = st.tuples(
    st.sampled_from([1, 2]),
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
)


def fields(parsed: message.Message) -> Fields:
    return parsed.type, parsed.symbol_id, parsed.price, parsed.quantity, parsed.timestamp_ns


def test_size_is_that_of_the_wire() -> None:
    assert message.SIZE == LAYOUT.size == 29


@settings(deadline=None)
@given(FIELDS, st.binary(max_size=9))
@example((1, 12345, 50000_00000000, 1000, 1234567890), b"")
def test_fields_come_back_from_any_offset(values: Fields, before: bytes) -> None:
    packed = message.pack(*values)
    assert packed == LAYOUT.pack(*values)
    assert fields(message.parse(before + packed + b"behind", len(before))) == values


def test_price_is_exact() -> None:
    """As a float, 2**53 + 1 units would be 2**53."""
    assert message.parse(message.pack(1, 0, 2**53 + 1, 0, 0)).price == 2**53 + 1


@pytest.mark.parametrize("length", [0, 1, 28])
def test_short_buffer_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"offset 0: {length} bytes left, a message has 29"):
        message.parse(message.pack(1, 2, 3, 4, 5)[:length])


@pytest.mark.parametrize("offset", [-1, -(2**63), 30, 2**63, 2**64, 2**64 + 1, 2**200])
def test_offset_outside_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match="outside a buffer of 29 bytes"):
        message.parse(message.pack(1, 2, 3, 4, 5), offset)


@pytest.mark.parametrize("offset", [1, 29])
def test_message_that_reaches_beyond_the_end_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match="bytes left"):
        message.parse(message.pack(1, 2, 3, 4, 5), offset)


@pytest.mark.parametrize("kind", [0, 3, 255])
def test_unknown_type_is_refused(kind: int) -> None:
    with pytest.raises(ValueError, match=f"message type {kind} is neither"):
        message.parse(LAYOUT.pack(kind, 2, 3, 4, 5))


@pytest.mark.parametrize("kind", [-1, 0, 3, 257])
def test_unknown_type_is_not_packed(kind: int) -> None:
    with pytest.raises(ValueError, match="is neither"):
        message.pack(kind, 2, 3, 4, 5)


@pytest.mark.parametrize(
    "values", [(1, -1, 0, 0, 0), (1, 2**32, 0, 0, 0), (1, 0, 2**63, 0, 0), (1, 0, 0, -1, 0), (1, 0, 0, 0, 2**64)]
)
def test_field_that_does_not_fit_is_not_packed(values: Fields) -> None:
    with pytest.raises(OverflowError):
        message.pack(*values)


def test_nothing_is_copied() -> None:
    buffer = bytearray(message.pack(1, 2, 3, 4, 5))
    parsed = message.parse(buffer)
    buffer[5:13] = (77).to_bytes(8, "little")
    assert parsed.price == 77
    with pytest.raises(BufferError):
        buffer.clear()
    del parsed
    buffer.clear()


def test_refused_buffer_is_let_go() -> None:
    buffer = bytearray(5)
    with pytest.raises(ValueError, match="5 bytes left"):
        message.parse(buffer)
    buffer.clear()


@settings(deadline=None)
@given(st.lists(st.one_of(FIELDS.map(lambda values: LAYOUT.pack(*values)), st.binary(max_size=40)), max_size=8))
def test_many_are_counted_up_to_the_first_bad_one(parts: list[bytes]) -> None:
    buffer = b"".join(parts)
    good = 0
    while len(buffer) - good * 29 >= 29 and buffer[good * 29] in (1, 2):
        good += 1
    assert message.parse_many(buffer) == (good, None if good * 29 == len(buffer) else good * 29)
