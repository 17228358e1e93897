"""Cores asked for are checked, cores chosen are those of the plan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lltool.bench.cores import choose_cores, is_usable, online_cores, requested_cores
from lltool.errors import InvalidInput
from lltool.host.cores import CorePlan
from lltool.root import Root

USABLE = sorted(os.sched_getaffinity(0))
needs_two_cores = pytest.mark.skipif(len(USABLE) < 2, reason="needs two cores")


def plan(preferred: tuple[int, ...], housekeeping: tuple[int, ...]) -> CorePlan:
    return CorePlan(housekeeping, tuple(sorted(preferred)), housekeeping, (), preferred, ())


def test_a_core_that_exists_is_taken() -> None:
    assert requested_cores(str(USABLE[0]), Root()) == (USABLE[0],)


@needs_two_cores
def test_the_order_asked_for_is_kept() -> None:
    first, second = USABLE[:2]
    assert requested_cores(f"{second},{first},{second}", Root()) == (second, first)


@pytest.mark.parametrize("text", ["8191", "x", "", ",", "0-", "3-1", "-1", "99999999"])
def test_what_is_no_list_of_online_cores_is_refused_and_the_online_ones_are_named(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        requested_cores(text, Root())
    assert caught.value.faults
    assert str(USABLE[0]) in (caught.value.next_step or "")


def test_every_fault_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        requested_cores("8191,x,3-1", Root())
    assert len(caught.value.faults) == 3


def test_a_core_that_is_offline_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sys" / "devices" / "system" / "cpu" / "online"
    path.parent.mkdir(parents=True)
    path.write_text("5000\n")
    assert online_cores(Root(tmp_path)) == (5000,)
    with pytest.raises(InvalidInput, match="not online here"):
        requested_cores(str(USABLE[0]), Root(tmp_path))
    with pytest.raises(InvalidInput, match="outside the cpuset"):
        requested_cores("5000", Root(tmp_path))


@needs_two_cores
def test_isolated_cores_come_first_and_the_lowest_housekeeping_core_last() -> None:
    first, second = USABLE[:2]
    assert choose_cores(plan((second,), (first,))) == (second, first)
    assert choose_cores(plan((), (first, second))) == (second, first)


def test_cores_that_this_process_may_not_use_are_left_out() -> None:
    assert choose_cores(plan((8191,), (USABLE[0],))) == (USABLE[0],)


def test_without_a_usable_plan_the_cores_of_this_process_are_used() -> None:
    assert choose_cores(plan((8191,), ())) == tuple(sorted(USABLE, reverse=True))


def test_asked_for_cores_and_no_others_are_used() -> None:
    assert choose_cores(plan((1,), (0,)), (USABLE[0],)) == (USABLE[0],)


def test_trying_a_core_leaves_the_affinity_as_it_was() -> None:
    before = os.sched_getaffinity(0)
    assert is_usable(USABLE[-1])
    assert not is_usable(8191)
    assert os.sched_getaffinity(0) == before
