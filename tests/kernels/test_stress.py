"""Ring, seqlock, hand-offs, pool and arena under threads of C, plain and under the sanitizers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

Build = Callable[..., list[str]]

INCLUDE = Path(__file__).resolve().parents[2] / "kernels" / "include"
LAST_INDEX = 2**64 - 1
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")

SEQUENCED, INDEXED = 1, 2

PAIRS = list(permutations(sorted(os.sched_getaffinity(0))[:4], 2))
"""On larger machines a sample: benchmarks/ring_endurance.py takes them all."""

SPSC_ORDERINGS = (
    ("llt_spsc_sequenced.h", "llt_store_release(llt_spsc_number(slot)"),
    ("llt_spsc_sequenced.h", "llt_load_acquire(llt_spsc_number(slot)"),
    ("llt_spsc_sequenced.h", "llt_store_release(&ring->head"),
    ("llt_spsc_sequenced.h", "llt_load_acquire(&ring->head"),
    ("llt_spsc_indexed.h", "llt_store_release(&ring->tail"),
    ("llt_spsc_indexed.h", "llt_load_acquire(&ring->tail"),
    ("llt_spsc_indexed.h", "llt_store_release(&ring->head"),
    ("llt_spsc_indexed.h", "llt_load_acquire(&ring->head"),
)


def run(command: list[str], *arguments: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, *map(str, arguments)], check=False, capture_output=True, text=True, timeout=120)


def weaken(folder: Path, header: str, ordering: str) -> None:
    """Copy the headers into ``folder`` with one acquire or release of ``header`` made relaxed."""
    text = (INCLUDE / header).read_text()
    verb, word = ordering.split("(", 1)
    weakened = text.replace(ordering, verb.rsplit("_", 1)[0] + "_relaxed(" + word)
    assert weakened != text
    for original in INCLUDE.glob("*.h"):
        (folder / original.name).write_text(weakened if original.name == header else original.read_text())


@pytest.mark.parametrize("layout", [SEQUENCED, INDEXED])
@pytest.mark.parametrize("capacity", [1, 2, 64])
@pytest.mark.parametrize("first_index", [0, LAST_INDEX - 1000])
def test_ring_keeps_order_and_content_between_two_threads(
    build: Build, layout: int, capacity: int, first_index: int
) -> None:
    done = run(build("spsc_stress"), layout, 20_000 if capacity < 64 else 1_000_000, first_index, capacity)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("layout", [SEQUENCED, INDEXED])
@pytest.mark.parametrize("cores", PAIRS)
def test_ring_is_whole_between_every_two_cores(build: Build, layout: int, cores: tuple[int, int]) -> None:
    done = run(build("spsc_stress"), layout, 1_000_000, LAST_INDEX - 500_000, 1024, *cores)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("layout", [SEQUENCED, INDEXED])
def test_ring_has_no_data_race(build_with_tsan: Build, layout: int) -> None:
    done = run(build_with_tsan("spsc_stress"), layout, 100_000, LAST_INDEX - 1000, 8)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("layout", [SEQUENCED, INDEXED])
def test_ring_stays_inside_its_memory(build: Build, layout: int) -> None:
    done = run(build("spsc_stress", SANITIZE), layout, 100_000, LAST_INDEX - 1000, 8)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("header", "ordering"), SPSC_ORDERINGS)
def test_every_ordering_of_the_ring_is_needed(
    build_with_tsan: Build, tmp_path: Path, header: str, ordering: str
) -> None:
    """The same run must find the race that each ordering prevents: this is what shows that it looks."""
    weaken(tmp_path, header, ordering)
    layout = SEQUENCED if "sequenced" in header else INDEXED
    done = run(build_with_tsan("spsc_stress", (), tmp_path), layout, 20_000, 0, 8)
    assert "data race" in done.stderr


def test_seqlock_gives_no_torn_copy(build: Build) -> None:
    done = run(build("seqlock_stress"), 500)
    assert done.returncode == 0, done.stdout


def test_seqlock_has_no_data_race(build_with_tsan: Build) -> None:
    """All accesses are atomic. ThreadSanitizer does not model fences: test_seqlock_order tries their order."""
    done = run(build_with_tsan("seqlock_stress"), 500)
    assert done.returncode == 0, done.stdout + done.stderr


def test_turns_are_handed_over_with_all_that_came_before(build_with_tsan: Build) -> None:
    done = run(build_with_tsan("handoff_stress"), 20)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_turn_without_its_ordering_is_seen(build_with_tsan: Build, tmp_path: Path) -> None:
    header = (INCLUDE / "llt_handoff.h").read_text()
    assert "memory_order_acquire" in header
    for other in INCLUDE.iterdir():
        (tmp_path / other.name).write_text(other.read_text())
    weak = header.replace("memory_order_acquire", "memory_order_relaxed").replace(
        "memory_order_release", "memory_order_relaxed"
    )
    (tmp_path / "llt_handoff.h").write_text(weak)
    done = run(build_with_tsan("handoff_stress", (), tmp_path), 20)
    assert "data race" in done.stdout + done.stderr


def test_pool_and_arena_have_one_owner_a_record(build: Build) -> None:
    done = run(build("shared_stress"), 300_000)
    assert done.returncode == 0, done.stdout


def test_pool_and_arena_have_no_data_race(build_with_tsan: Build) -> None:
    done = run(build_with_tsan("shared_stress"), 20_000)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("program", "rounds"), [("seqlock_stress", 200), ("shared_stress", 50_000)])
def test_headers_are_right_when_built_for_this_processor(build: Build, program: str, rounds: int) -> None:
    """With -march=native the compiler has other instructions to merge loads and stores with."""
    done = run(build(program, ("-march=native",)), rounds)
    assert done.returncode == 0, done.stdout


def test_pool_and_arena_stay_inside_their_memory(build: Build) -> None:
    done = run(build("shared_stress", SANITIZE), 50_000)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("strong", "weak"),
    [
        ("memory_order_acquire", "memory_order_relaxed"),
        ("memory_order_release", "memory_order_relaxed"),
    ],
    ids=["acquire", "release"],
)
def test_every_ordering_of_the_pool_is_needed(build_with_tsan: Build, tmp_path: Path, strong: str, weak: str) -> None:
    text = (INCLUDE / "llt_shared_pool.h").read_text()
    weakened = text.replace(strong, weak).replace("llt_load_acquire(&pool->top)", "llt_load_relaxed(&pool->top)")
    assert weakened != text
    for original in INCLUDE.glob("*.h"):
        (tmp_path / original.name).write_text(
            weakened if original.name == "llt_shared_pool.h" else original.read_text()
        )
    done = run(build_with_tsan("shared_stress", (), tmp_path), 20_000)
    assert "data race" in done.stderr


def test_no_order_leaves_after_the_kill_switch_was_quiet(build: Build) -> None:
    done = run(build("kill_switch_stress"), 50)
    assert done.returncode == 0, done.stdout


def test_the_kill_switch_has_no_data_race(build_with_tsan: Build) -> None:
    done = run(build_with_tsan("kill_switch_stress"), 20)
    assert done.returncode == 0, done.stdout + done.stderr
