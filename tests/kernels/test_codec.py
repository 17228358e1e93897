"""Declared layouts: one record against struct, many against NumPy, and every refusal."""

from __future__ import annotations

import struct
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.codec", reason="needs the compiled kernels")
from lltool.kernels import message
from lltool.kernels.codec import Layout

# An ITCH add order: big endian, packed, 36 bytes.
ADD_ORDER = np.dtype(
    [("type", "S1"), ("locate", ">u2"), ("tracking", ">u2"), ("time_high", ">u2"), ("time_low", ">u4"),
     ("reference", ">u8"), ("side", "S1"), ("shares", ">u4"), ("stock", "S8"), ("price", ">u4")]
)  # fmt: skip
ADD_ORDER_STRUCT = struct.Struct(">cHHHIQcI8sI")
MESSAGE = np.dtype(
    [("type", "u1"), ("symbol_id", "<u4"), ("price", "<i8"), ("quantity", "<u8"), ("timestamp_ns", "<u8")]
)
CODES = {"u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "u8": "Q", "i8": "q", "f4": "f", "f8": "d"}

scalars = st.sampled_from(sorted(CODES))
orders = st.sampled_from("<>")


@st.composite
def records(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[int | float]]:
    """Fields in mixed byte orders, with a value for each."""
    fields, values = [], []
    for number in range(draw(st.integers(1, 12))):
        scalar = draw(scalars)
        bits = 8 * int(scalar[1])
        fields.append((f"f{number}", draw(orders) + scalar))
        if scalar[0] == "f":
            values.append(draw(st.floats(width=32 if bits == 32 else 64, allow_nan=False)))
        elif scalar[0] == "u":
            values.append(draw(st.integers(0, 2**bits - 1)))
        else:
            values.append(draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)))
    return fields, values


@given(records(), st.integers(0, 9), st.integers(1, 200))
def test_records_are_those_of_struct_and_numpy(
    record: tuple[list[tuple[str, str]], list[int | float]], offset: int, count: int
) -> None:
    fields, values = record
    layout = Layout(fields)
    # struct has one byte order a format: a field at a time.
    wire = b"".join(struct.pack(kind[0] + CODES[kind[1:]], v) for (_, kind), v in zip(fields, values, strict=True))
    assert layout.size == len(wire)
    assert layout.encode(*values) == wire
    assert layout.decode(bytes(offset) + wire + b"x", offset) == tuple(values)
    assert layout.decode(bytearray(wire)) == tuple(values)
    many = layout.decode_many(wire * count)
    assert many.dtype == layout.native
    assert all(many.dtype[name].isnative for name in layout.names)
    expected = np.frombuffer(wire * count, fields)
    for name in layout.names:
        assert many[name].tolist() == expected[name].tolist()
    assert layout.encode_many(many) == wire * count


@given(st.data())
def test_some_fields_are_read_in_the_order_named(data: st.DataObject) -> None:
    fields, values = data.draw(records())
    chosen = data.draw(st.lists(st.sampled_from([name for name, _ in fields]), unique=True, min_size=1))
    wire = Layout(fields).encode(*values)
    layout = Layout(fields, fields=chosen)
    wanted = tuple(values[int(name[1:])] for name in chosen)
    assert layout.decode(wire) == wanted
    assert layout.decode_many(wire * 3)[1].tolist() == wanted
    assert layout.size == len(wire)
    if set(chosen) == {name for name, _ in fields}:
        assert layout.encode(*wanted) == wire
    else:
        with pytest.raises(ValueError, match="for reading only"):
            layout.encode(*wanted)
        with pytest.raises(ValueError, match="for reading only"):
            layout.encode_many(layout.decode_many(wire))


def test_an_itch_message_is_read_and_written() -> None:
    layout = Layout(ADD_ORDER)
    wire = ADD_ORDER_STRUCT.pack(b"A", 7, 2, 1, 2**32 - 1, 2**63, b"B", 300, b"AAPL    ", 1_850_000)
    assert layout.size == 36
    assert layout.decode(wire) == ADD_ORDER_STRUCT.unpack(wire)
    assert layout.encode(*ADD_ORDER_STRUCT.unpack(wire)) == wire


@given(st.integers(1, 2), st.integers(0, 2**32 - 1), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1))
def test_the_chapters_message_is_one_of_the_layouts(kind: int, symbol: int, price: int, quantity: int) -> None:
    layout = Layout(MESSAGE, {"type": (message.TRADE, message.QUOTE)})
    wire = message.pack(kind, symbol, price, quantity, 5)
    assert layout.size == message.SIZE
    assert layout.decode(wire) == (kind, symbol, price, quantity, 5)
    assert layout.encode(kind, symbol, price, quantity, 5) == wire
    assert layout.check(wire + b"\x03" + wire[1:]) == (1, message.SIZE) == message.parse_many(wire + b"\x03" + wire[1:])


HEADED = [("version", ">u2"), ("type", "<i4"), ("flag", "?"), ("body", "V3")]
EXPECTED = {"version": 3, "type": (-1, 70)}


def headed(version: int = 3, kind: int = -1, flag: int = 1) -> bytes:
    return struct.pack(">H", version) + struct.pack("<i", kind) + bytes([flag]) + b"a\0\0"


def test_type_and_version_are_checked() -> None:
    layout = Layout(HEADED, EXPECTED)
    assert layout.decode(headed()) == (3, -1, True, b"a\0\0")
    assert layout.decode(headed(kind=70, flag=0)) == (3, 70, False, b"a\0\0")
    assert layout.encode(3, -1, True, b"a\0\0") == headed()
    assert Layout(HEADED, EXPECTED, ["body"]).decode(headed()) == (b"a\0\0",)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (headed(version=0x0300), "field 'version' is 768, not 3"),
        (headed(kind=-70), "field 'type' is -70, not -1 or 70"),
        (headed(flag=2), "field 'flag' is 2, not 0 or 1"),
        (headed()[:-1], "9 bytes left, a record has 10"),
    ],
)
def test_what_is_not_expected_is_refused_with_its_place(broken: bytes, why: str) -> None:
    layout = Layout(HEADED, EXPECTED)
    with pytest.raises(ValueError, match=f"offset 10: {why}"):
        layout.decode(headed() + broken, 10)
    with pytest.raises(ValueError, match=f"record 1: {why}"):
        layout.decode_many(headed() + broken)
    # The selected fields are fine; the others are looked at all the same.
    with pytest.raises(ValueError, match=why):
        Layout(HEADED, EXPECTED, ["body"]).decode(broken)
    assert layout.check(headed() * 2 + broken) == (2, 20)
    assert layout.check(headed() * 2) == (2, None)


def test_what_is_not_expected_is_not_written() -> None:
    layout = Layout(HEADED, EXPECTED)
    with pytest.raises(ValueError, match="field 'version' is 4, not 3"):
        layout.encode(4, -1, True, b"abc")
    records = np.zeros(3, layout.native)
    records["version"], records["type"] = 3, [70, 71, 70]
    with pytest.raises(ValueError, match="record 1: field 'type' is 71"):
        layout.encode_many(records)


@pytest.mark.parametrize("offset", [-1, 11, 2**62])
def test_no_byte_outside_the_buffer_is_read(offset: int) -> None:
    with pytest.raises(ValueError, match=f"offset {offset}"):
        Layout(HEADED, EXPECTED).decode(headed(), offset)


@pytest.mark.parametrize(
    ("fields", "values", "error"),
    [
        ([("a", "<u2")], (65536,), OverflowError), ([("a", "<u2")], (-1,), OverflowError),
        ([("a", ">i1")], (128,), OverflowError), ([("a", "<u8")], (2**64,), OverflowError),
        ([("a", "?")], (2,), OverflowError), ([("a", "S2")], (b"abc",), ValueError),
        ([("a", "V2")], (b"a",), ValueError), ([("a", "<u2")], (), ValueError),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_not_written(
    fields: list[tuple[str, str]], values: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Layout(fields).encode(*values)


@pytest.mark.parametrize(
    ("dtype", "arguments"),
    [
        ("u4", {}), ([("a", "O")], {}), ([("a", "c8")], {}), ([("a", "f2")], {}), ([("a", "U3")], {}),
        ([("a", "u1", 3)], {}), ([("a", [("b", "u1")])], {}), ([("a", "V0")], {}), ([("a", "V65537")], {}),
        ([("a", "u1")], {"expect": {"b": 1}}), ([("a", "u1")], {"expect": {"a": 256}}),
        ([("a", "i1")], {"expect": {"a": -129}}), ([("a", "u1")], {"expect": {"a": ()}}),
        ([("a", "f8")], {"expect": {"a": 1}}), ([("a", "u1")], {"fields": ["b"]}), ([("a", "u1")], {"fields": []}),
        ([("a", "u1"), ("b", "u1")], {"fields": ["a", "a"]}),
    ],
)  # fmt: skip
def test_what_cannot_be_a_layout_is_refused(dtype: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"field|layout"):
        Layout(dtype, **arguments)


def test_gaps_are_stepped_over_and_written_as_zeros() -> None:
    gaps = np.dtype({"names": ["a", "b"], "formats": ["<u2", ">u4"], "offsets": [1, 6], "itemsize": 12})
    layout = Layout(gaps)
    assert layout.encode(0x0102, 0x03040506) == b"\0\x02\x01\0\0\0\x03\x04\x05\x06\0\0"
    assert layout.decode(b"\xff" * 12) == (0xFFFF, 0xFFFFFFFF)
    assert layout.encode_many(layout.decode_many(b"\xff" * 24)) == layout.encode(0xFFFF, 0xFFFFFFFF) * 2


def test_records_of_another_type_are_refused() -> None:
    layout = Layout([("a", ">u2")])
    for other in (np.zeros(2, ">u2"), np.zeros(2, [("a", ">u2")]), np.zeros((2, 2), layout.native)):
        with pytest.raises(ValueError, match="a row of"):
            layout.encode_many(other)
    assert layout.encode_many(np.zeros(0, layout.native)) == b""
    assert len(layout.decode_many(b"")) == 0


@given(st.integers(1, 10), st.sampled_from("SV"), st.lists(st.binary(min_size=10, max_size=10), min_size=1))
def test_texts_are_those_of_the_record_however_often_they_change(size: int, kind: str, texts: list[bytes]) -> None:
    """Those of up to eight bytes are remembered."""
    layout = Layout([("text", f"{kind}{size}")])
    for text in [text[:size] for text in texts * 2]:
        assert layout.decode(text) == (text.rstrip(b"\0") if kind == "S" else text,)


def test_a_text_that_is_remembered_outlives_its_layout() -> None:
    layout = Layout([("symbol", "S8")])
    first, second = layout.decode(b"AAPL    ")[0], layout.decode(b"AAPL    ")[0]
    assert first is second
    before = sys.getrefcount(first)
    del layout
    assert sys.getrefcount(first) == before - 1
    assert first == b"AAPL    "
