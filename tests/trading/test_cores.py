"""The core of the thread that trades, and the cores of what waits beside it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from lltool.errors import LltoolError
from lltool.root import Root
from lltool.trading.configuration import Configuration
from lltool.trading.placement import core_of, cores_of, keep_off, pin, threads_beside


@pytest.mark.parametrize(("isolated", "cores", "core"), [("2-3\n", [], 2), ("\n", [], None), ("2-3\n", [1], 1)])
def test_the_core_is_the_configured_or_an_isolated_one(
    tmp_path: Path, isolated: str, cores: list[int], core: int | None
) -> None:
    path = tmp_path / "sys/devices/system/cpu/isolated"
    path.parent.mkdir(parents=True)
    path.write_text(isolated)
    configuration: Any = Configuration.model_validate({"pipeline": {"cores": cores}})
    assert core_of(configuration, Root(tmp_path)) == core


def in_a_thread(work: Any) -> None:
    """What changes the cores of a thread, in one that ends with it."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def test_threads_beside_a_pinned_one_have_the_other_cores() -> None:
    had = os.sched_getaffinity(0)
    core = max(had)

    def work() -> None:
        others = pin(core)
        assert others == (had - {core} or had)
        with threads_beside(others) as threads:
            assert threads.submit(os.sched_getaffinity, 0).result() == others
        assert os.sched_getaffinity(0) == {core}

    in_a_thread(work)
    assert os.sched_getaffinity(0) == had


def test_without_a_core_nothing_is_pinned_and_one_that_is_not_there_is_named() -> None:
    assert pin(None) == os.sched_getaffinity(0)
    with pytest.raises(LltoolError, match="core 9999"):
        pin(9999)


def test_several_threads_have_isolated_cores_only_where_there_is_one_for_each(tmp_path: Path) -> None:
    path = tmp_path / "sys/devices/system/cpu/isolated"
    path.parent.mkdir(parents=True)
    path.write_text("2-3\n")
    configuration: Any = Configuration.model_validate({})
    assert cores_of(configuration, Root(tmp_path), 2) == (2, 3)
    assert cores_of(configuration, Root(tmp_path), 3) == ()


def test_a_thread_beside_the_pipeline_keeps_off_its_cores() -> None:
    had = os.sched_getaffinity(0)

    def work() -> None:
        keep_off([max(had)])
        assert os.sched_getaffinity(0) == (had - {max(had)} or had)
        with pytest.raises(LltoolError, match="cores 9998, 9999"):
            keep_off([9999, 9998])

    in_a_thread(work)
