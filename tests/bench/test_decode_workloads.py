"""The decoding workloads hold messages that are accepted, whatever the path, and say which path ran."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

pytest.importorskip("lltool.kernels.loops.decode", reason="needs the compiled kernels")
from lltool.bench.workload import QUICK, Workload
from lltool.bench.workloads import decode, encode
from lltool.kernels.codec import Layout
from lltool.kernels.loops.decode import FIX, JSON, SBE, Messages
from lltool.kernels.loops.records import Records

EFFORT = replace(QUICK, samples=600, blocks=3, seconds=0.05, warm_seconds=0.001, warm_limit_seconds=0.01)


@pytest.mark.parametrize("workload", [decode.json_depth, decode.sbe_depth, decode.fix_order])
def test_decoding_is_measured_in_both_modes(workload: Workload) -> None:
    measurement = workload(sorted(os.sched_getaffinity(0))[:1], EFFORT)
    assert measurement.samples is not None
    assert measurement.samples.n == 600
    assert len(measurement.block_ticks) == 3
    assert min(measurement.block_ticks) > 0
    assert measurement.notes["path"] in ("scalar", "avx2", "avx512")


@pytest.mark.parametrize("workload", [encode.fix_order, encode.layout])
def test_encoding_and_records_are_measured_in_both_modes(workload: Workload) -> None:
    measurement = workload(sorted(os.sched_getaffinity(0))[:1], EFFORT)
    assert measurement.samples is not None
    assert measurement.samples.n == 600
    assert min(measurement.block_ticks) > 0


def test_a_record_of_another_layout_is_not_counted_as_good() -> None:
    wrong = Layout(encode.ADD_ORDER_FIELDS, expect={"locate": 70_000 % 65_536})
    records = encode.add_orders()
    some = Records(wrong, records).block(len(records) // wrong.size)[1]
    assert some < len(records) // wrong.size


@pytest.mark.parametrize("kind", [JSON, SBE, FIX])
def test_a_bad_message_is_not_counted_as_good(kind: int) -> None:
    assert Messages([b"nothing"], kind, "scalar").block(5)[1] == 0


@pytest.mark.parametrize(("messages", "kind"), [([], JSON), ([b"x"], 3)])
def test_nothing_to_decode_is_refused(messages: list[bytes], kind: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Messages(messages, kind)
