"""The core of the thread that trades, and the cores that are left for what waits beside it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lltool.errors import from_os_error

if TYPE_CHECKING:
    from lltool.root import Root
    from lltool.trading.configuration import Configuration

_THREADS_BESIDE = 2
"""One waits for a snapshot, one for the address of a host."""


def core_of(configuration: Configuration, root: Root) -> int | None:
    """The core of the thread that trades: the configured one, else the first that the kernel isolates; None without."""
    from lltool.host.readings import read_cpulist

    cores = configuration.pipeline.cores or read_cpulist(root, "/sys/devices/system/cpu/isolated") or ()
    return cores[0] if cores else None


def pin(core: int | None) -> frozenset[int]:
    """Run this thread on ``core`` alone, which may be None; the cores that it had, without that one unless it is all.

    Raises LltoolError.
    """
    had = frozenset(os.sched_getaffinity(0))
    if core is None:
        return had
    try:
        os.sched_setaffinity(0, {core})
    except OSError as error:
        raise from_os_error(f"core {core} (pipeline.cores) cannot be used", error) from error
    return had - {core} or had


def threads_beside(cores: frozenset[int]) -> ThreadPoolExecutor:
    """Threads on ``cores``. By themselves they would have the core of who starts them, and take turns with trading."""
    return ThreadPoolExecutor(_THREADS_BESIDE, "beside", initializer=os.sched_setaffinity, initargs=(0, cores))
