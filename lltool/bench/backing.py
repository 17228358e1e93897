"""Which pages really lie under a piece of memory, as /proc/self/smaps tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lltool.root import Root

SMAPS = "/proc/self/smaps"

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Backing:
    """The pages under ``size_bytes`` of memory: how much of it is resident as transparent huge or hugetlb pages."""

    size_bytes: int
    thp_bytes: int
    hugetlb_bytes: int
    page_bytes: int

    @property
    def name(self) -> str:
        """``hugetlb`` or ``thp`` where all of it is, ``4k`` where nothing is huge, else ``mixed``."""
        if self.hugetlb_bytes >= self.size_bytes:
            return "hugetlb"
        if self.thp_bytes >= self.size_bytes:
            return "thp"
        return "mixed" if self.thp_bytes or self.hugetlb_bytes else f"{self.page_bytes // _KIB}k"


def read_backing(root: Root, start: int, size_bytes: int) -> Backing:
    """What backs ``size_bytes`` at address ``start`` of this process.

    A mapping that reaches beyond the range counts only as far as it could lie inside. Raises ``ValueError`` when no
    mapping covers the range, ``OSError`` when smaps cannot be read.
    """
    covered = thp_bytes = hugetlb_bytes = page_bytes = 0
    for first, last, fields in _mappings(root.read(SMAPS)):
        overlap = min(last, start + size_bytes) - max(first, start)
        if overlap <= 0:
            continue
        outside = last - first - overlap
        covered += overlap
        thp_bytes += max(0, fields.get("AnonHugePages", 0) - outside)
        hugetlb_bytes += max(0, fields.get("Private_Hugetlb", 0) + fields.get("Shared_Hugetlb", 0) - outside)
        page_bytes = max(page_bytes, fields.get("KernelPageSize", 0))
    if covered < size_bytes:
        raise ValueError(f"{SMAPS} has no mapping for {size_bytes} bytes at {start:#x}")
    return Backing(size_bytes, thp_bytes, hugetlb_bytes, page_bytes)


def _mappings(smaps: str) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Each mapping as first address, end address, and its fields given in kB, in bytes."""
    span: tuple[int, int] | None = None
    fields: dict[str, int] = {}
    for line in smaps.splitlines():
        head, _, rest = line.partition(" ")
        if head.endswith(":"):
            if rest.endswith(" kB"):
                fields[head[:-1]] = int(rest[:-3]) * _KIB
        else:
            if span is not None:
                yield (*span, fields)
            first, _, last = head.partition("-")
            span, fields = (int(first, 16), int(last, 16)), {}
    if span is not None:
        yield (*span, fields)
