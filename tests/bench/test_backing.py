"""The pages under a piece of memory are read from smaps, not believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lltool.bench.backing import read_backing
from lltool.root import Root

MIB = 1 << 20

HEAD = "{first:x}-{last:x} rw-p 00000000 00:00 0 {name}\n"
FIELDS = """Size:               4096 kB
KernelPageSize:  {page:8d} kB
AnonHugePages:   {thp:8d} kB
Shared_Hugetlb:         0 kB
Private_Hugetlb: {hugetlb:7d} kB
VmFlags: rd wr mr mw me ac sd
"""


def tree(tmp_path: Path, *mappings: tuple[int, int, int, int, int]) -> Root:
    """A root whose process has mappings (first, size, page kB, THP kB, hugetlb kB)."""
    text = "".join(
        HEAD.format(first=first, last=first + size, name="[heap]") + FIELDS.format(page=page, thp=thp, hugetlb=hugetlb)
        for first, size, page, thp, hugetlb in mappings
    )
    path = tmp_path / "proc" / "self" / "smaps"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return Root(tmp_path)


@pytest.mark.parametrize(
    ("page", "thp", "hugetlb", "name"),
    [
        (4, 0, 0, "4k"),
        (4, 4096, 0, "thp"),
        (4, 2048, 0, "mixed"),
        (2048, 0, 4096, "hugetlb"),
        (64, 0, 0, "64k"),
    ],
)
def test_a_backing_is_named_by_what_is_resident(tmp_path: Path, page: int, thp: int, hugetlb: int, name: str) -> None:
    root = tree(tmp_path, (0x1000, MIB, 4, 0, 0), (16 * MIB, 4 * MIB, page, thp, hugetlb))
    assert read_backing(root, 16 * MIB, 4 * MIB).name == name


def test_two_mappings_cover_a_range_together(tmp_path: Path) -> None:
    root = tree(tmp_path, (16 * MIB, 2 * MIB, 4, 2048, 0), (18 * MIB, 2 * MIB, 4, 2048, 0))
    assert read_backing(root, 16 * MIB, 4 * MIB).name == "thp"


def test_huge_pages_that_may_lie_outside_the_range_do_not_count(tmp_path: Path) -> None:
    root = tree(tmp_path, (14 * MIB, 6 * MIB, 4, 4096, 0))
    assert read_backing(root, 16 * MIB, 4 * MIB).thp_bytes == 2 * MIB


def test_memory_that_is_not_mapped_is_an_error(tmp_path: Path) -> None:
    root = tree(tmp_path, (16 * MIB, 2 * MIB, 4, 0, 0))
    with pytest.raises(ValueError, match="no mapping"):
        read_backing(root, 16 * MIB, 4 * MIB)
