"""Reserved huge pages: a wish that the kernel grants as far as it finds contiguous memory."""

from __future__ import annotations

import re

from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob

_PAGE_SIZE = re.compile(r"hugepages-(\d+)kB")


class HugePages(Kind):
    """``nr_hugepages`` of one page size, of the host or of a node: any number is accepted, and granted in part."""

    verified = "the number is read back: fewer than wanted is partial"
    undone = "the old number is written back; pages in use stay until they are freed"

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        from lltool.host.memory import available_bytes

        size = _PAGE_SIZE.search(knob.path)
        available = available_bytes(host.root)
        if size is None or available is None:
            return ""
        needed = (int(wanted) - int(live)) * int(size[1]) * 1024
        # The kernel would take all it finds and leave the host without memory to work.
        if needed > available // 2:
            return (
                f"lltool does not take more than half of the memory that is free: {needed >> 20} MiB wanted,"
                f" {available >> 20} MiB available"
            )
        return ""
