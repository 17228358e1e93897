"""Orders as bytes: what a reader of the form makes of them is the order that was meant."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("lltool.kernels.order_wire", reason="needs the compiled kernels")

from hypothesis import given
from hypothesis import strategies as st

from lltool.kernels.fix import parse
from lltool.kernels.order_wire import FixOrderWire, OrderWire

NUMBER = st.integers(0, 2**63 - 1)
I64 = st.integers(-(2**63) + 1, 2**63 - 1)
QUANTITY = st.integers(1, 2**63 - 1)
SIDE = st.integers(0, 1)


def fix(symbols: tuple[bytes, ...] = (b"ABC", b"XYZ"), next_number: int = 1) -> FixOrderWire:
    return FixOrderWire(sender=b"ME", target=b"THEM", symbols=symbols, next_number=next_number)


@given(NUMBER, SIDE, I64, QUANTITY)
def test_a_packed_order_has_its_fields_at_their_places(order_id: int, side: int, price: int, quantity: int) -> None:
    wire = OrderWire()
    assert struct.unpack("<BBHIQqQ", wire.new(3, order_id, side, price, quantity)) == (
        1, side, 0, 3, order_id, price, quantity,
    )  # fmt: skip
    assert struct.unpack("<BBHIQqQ", wire.cancel(3, order_id, side, quantity)) == (
        2, side, 0, 3, order_id, 0, quantity,
    )  # fmt: skip


@given(NUMBER, NUMBER.filter(lambda number: number < 2**63 - 2), SIDE, I64, QUANTITY)
def test_a_fix_order_is_valid_and_says_what_was_meant(
    order_id: int, number: int, side: int, price: int, quantity: int
) -> None:
    wire = fix(next_number=number)
    order = parse(wire.new(2, order_id, side, price, quantity))
    assert [tag for tag, _ in order.items()] == [8, 9, 35, 49, 56, 34, 52, 11, 55, 54, 60, 38, 40, 44, 59, 10]
    assert {tag: order[tag] for tag in (35, 49, 56, 34, 11, 55, 54, 40, 59)} == {
        35: b"D", 49: b"ME", 56: b"THEM", 34: b"%d" % number, 11: b"%d" % order_id, 55: b"XYZ",
        54: b"%d" % (side + 1), 40: b"2", 59: b"3",
    }  # fmt: skip
    assert (order.decimal(44), order.decimal(38)) == (price, quantity)
    cancel = parse(wire.cancel(1, order_id, side, quantity))
    assert {tag: cancel[tag] for tag in (35, 34, 41, 11, 55)} == {
        35: b"F", 34: b"%d" % (number + 1), 41: b"%d" % order_id, 11: b"C%d" % order_id, 55: b"ABC",
    }  # fmt: skip
    assert cancel.decimal(38) == quantity
    assert wire.next_number == number + 2


def test_a_fix_order_is_stamped_with_the_time_of_now() -> None:
    order = parse(fix().new(1, 1, 0, 1, 1))
    sent = datetime.strptime(order[52].decode() + "+0000", "%Y%m%d-%H:%M:%S.%f%z")
    assert abs(datetime.now(UTC) - sent) < timedelta(seconds=5)
    assert order[60] == order[52]
    assert len(order[52]) == 21


def test_a_foreign_reader_takes_it() -> None:
    simplefix = pytest.importorskip("simplefix", reason="needs simplefix")
    parser = simplefix.FixParser()
    parser.append_buffer(fix().new(1, 7, 1, 6_183_763_000_000, 150_000_000))
    message = parser.get_message()
    assert message is not None
    assert (message.get(11), message.get(44), message.get(38), message.get(54)) == (b"7", b"61837.63", b"1.5", b"2")


def test_an_instrument_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError, match="instrument 3 of 2"):
        fix().new(3, 1, 0, 1, 1)
    with pytest.raises(IndexError, match="instrument 0"):
        OrderWire().new(0, 1, 0, 1, 1)


def test_a_wire_without_symbols_or_with_a_bad_one_is_refused() -> None:
    with pytest.raises(ValueError, match="no symbols"):
        fix(())
    with pytest.raises(ValueError, match=r"55|SOH|value"):
        fix((b"A\x01B",))
