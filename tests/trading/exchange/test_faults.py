"""The script of faults: written shortly, refused with a reason, handed out once."""

from __future__ import annotations

import pytest

from lltool.errors import InvalidInput
from lltool.trading.exchange.faults import LASTS, MEANING, Fault, FaultScript, parse_faults


def test_a_fault_is_a_kind_a_number_and_for_some_a_time() -> None:
    assert parse_faults(["drop@3", "silence@10:2.5"]) == (Fault("drop", 3), Fault("silence", 10, 2.5))


def test_every_kind_can_be_written_and_has_a_meaning() -> None:
    for kind in MEANING:
        assert parse_faults([f"{kind}@1{':2' if kind in LASTS else ''}"])[0].kind == kind


WRONG = [
    "",
    "drop",
    "drop@",
    "drop@0",
    "drop@x",
    "drop@-1",
    "rain@3",
    "drop@1:2",
    "silence@1",
    "silence@1:",
    "close@1:x",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_none_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_faults([text, "drop@1"])
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [text.partition(":")[0]]


def test_each_fault_happens_once_and_orders_have_numbers_of_their_own() -> None:
    script = FaultScript(parse_faults(["drop@2", "duplicate@2", "unknown-execution@2"]))
    assert script.at_depth_event(1) == []
    assert [fault.kind for fault in script.at_depth_event(2)] == ["drop", "duplicate"]
    assert script.at_depth_event(2) == []
    assert [fault.kind for fault in script.at_order(2)] == ["unknown-execution"]
    assert script.happened == {"drop": 1, "duplicate": 1, "unknown-execution": 1}
