"""Reserved huge pages: a wish that the kernel grants as far as it finds contiguous memory."""

from __future__ import annotations

import re

from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob

_PAGE_SIZE = re.compile(r"hugepages-(\d+)kB")


class HugePages(Kind):
    """``nr_hugepages`` of one page size. The kernel accepts any number and reserves what it can."""

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        size = _PAGE_SIZE.search(knob.path)
        available = host.facts.memory.available_kb
        if size is None or available is None:
            return ""
        needed_kb = (int(wanted) - int(live)) * int(size[1])
        # The kernel would take all it finds and leave the host without memory to work.
        if needed_kb > available // 2:
            return (
                f"lltool does not take more than half of the memory that is free: {needed_kb // 1024} MiB wanted,"
                f" {available // 1024} MiB available"
            )
        return ""
