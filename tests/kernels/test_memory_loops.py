"""Memory has the pages it was asked to have, as far as the kernel gives them, and a chase visits all of it."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.memory", reason="needs the compiled kernels")
from lltool.bench.backing import read_backing
from lltool.kernels.loops.chase import Chase
from lltool.kernels.memory import Mapping
from lltool.kernels.recorder import Recorder
from lltool.root import Root

MIB = 1 << 20
THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")
HUGETLB_FREE = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")


def backing_of(mapping: Mapping) -> str:
    return read_backing(Root(), mapping.start, len(mapping)).name


def thp_is_possible() -> bool:
    return THP.exists() and "[never]" not in THP.read_text()


def test_small_pages_are_small() -> None:
    mapping = Mapping(4 * MIB, "4k")
    assert (len(mapping), mapping.kind, mapping.start % (2 * MIB)) == (4 * MIB, "4k", 0)
    assert backing_of(mapping) == "4k"


@pytest.mark.skipif(not thp_is_possible(), reason="needs transparent huge pages")
def test_transparent_huge_pages_come_when_asked_for() -> None:
    # A fragmented host may refuse some; eight tries of one page each do not all meet that.
    assert "thp" in {backing_of(Mapping(2 * MIB, "thp")) for _ in range(8)}


LOCKED = """
import sys
from lltool.kernels.placement import lock_memory
try: lock_memory()
except OSError: sys.exit("skip")
from lltool.bench.backing import read_backing
from lltool.kernels.memory import Mapping
from lltool.root import Root
mappings = [Mapping(2 << 20, sys.argv[1]) for _ in range(8)]
print(*{read_backing(Root(), mapping.start, len(mapping)).name for mapping in mappings})
"""


@pytest.mark.skipif(not thp_is_possible(), reason="needs transparent huge pages")
@pytest.mark.parametrize("kind", ["4k", "thp"])
def test_the_advice_is_heard_in_a_locked_process_too(kind: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOCKED, kind], check=False, capture_output=True, text=True, timeout=30)
    if done.stderr.strip() == "skip":
        pytest.skip("needs the right to lock memory")
    assert kind in done.stdout.split(), done.stderr


def test_hugetlb_pages_come_from_the_pool_or_not_at_all() -> None:
    free = int(HUGETLB_FREE.read_text()) if HUGETLB_FREE.exists() else 0
    try:
        mapping = Mapping(2 * MIB, "hugetlb")
    except OSError as error:
        assert free == 0 or error.errno != errno.ENOMEM
    else:
        assert backing_of(mapping) == "hugetlb"


def test_more_hugetlb_than_there_can_be_is_refused() -> None:
    with pytest.raises(OSError, match=r"Cannot allocate memory|Invalid argument|No such"):
        Mapping(1 << 43, "hugetlb")


@pytest.mark.parametrize(("size", "kind"), [(0, "4k"), (-1, "thp"), (4096, "1g"), (1 << 60, "4k")])
def test_what_cannot_be_mapped_is_refused(size: int, kind: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Mapping(size, kind)  # type: ignore[arg-type]


def test_a_mapping_is_a_writable_buffer_that_starts_as_zeros() -> None:
    mapping = Mapping(4096, "4k")
    view = memoryview(mapping)
    assert (view.nbytes, view.readonly, bytes(view[:8]), view[-1]) == (2 * MIB, False, bytes(8), 0)
    view[-1] = 7
    assert memoryview(mapping)[-1] == 7


@given(lines=st.integers(2, 2000), seed=st.integers(0, 2**64 - 1))
def test_a_chase_is_one_cycle_through_all_lines(lines: int, seed: int) -> None:
    chase = Chase(Mapping(lines * 64, "4k"), lines * 64, seed)
    assert (chase.line_count, chase.cycle_length()) == (lines, lines)


@pytest.mark.parametrize("working_set", [0, 64, 127, 2 * MIB + 64])
def test_a_working_set_that_does_not_fit_is_refused(working_set: int) -> None:
    with pytest.raises(ValueError, match="does not suit"):
        Chase(Mapping(2 * MIB, "4k"), working_set)


@pytest.mark.parametrize("loads", [0, 1, 12])
def test_a_block_is_whole_turns_of_the_unrolled_loop(loads: int) -> None:
    with pytest.raises(ValueError, match="not a multiple of 8"):
        Chase(Mapping(2 * MIB, "4k"), 2 * MIB).block(Recorder(1), loads)


def test_a_chase_records_one_sample_a_block_and_one_a_load() -> None:
    chase = Chase(Mapping(2 * MIB, "4k"), 2 * MIB)
    blocks, single = Recorder(3), Recorder(1000)
    for _ in range(3):
        chase.block(blocks, 80)
    chase.each(single, 1000)
    assert (blocks.count, single.count, single.lost) == (3, 1000, 0)
    assert min(single.ticks()) > 0


def test_a_load_that_misses_the_caches_costs_more_than_one_that_hits() -> None:
    def best(working_set: int) -> int:
        chase, recorder = Chase(Mapping(32 * MIB, "4k"), working_set), Recorder(21)
        for _ in range(21):
            chase.block(recorder, 4096)
        return min(recorder.ticks())

    assert best(32 * MIB) > 2 * best(16 * 1024)
