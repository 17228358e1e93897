"""The cores of the threads that trade, and those that are left for what waits beside them."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lltool.errors import LltoolError, from_os_error

if TYPE_CHECKING:
    from lltool.root import Root
    from lltool.trading.configuration import Configuration

_THREADS_BESIDE = 2
"""One waits for a snapshot, one for the address of a host."""


def cores_of(configuration: Configuration, root: Root, threads: int) -> tuple[int, ...]:
    """The cores of ``threads``, the one that trades first: the configured ones, else isolated ones.

    Empty where there are not enough of these.
    """
    from lltool.host.readings import read_cpulist

    isolated = read_cpulist(root, "/sys/devices/system/cpu/isolated") or ()
    return configuration.pipeline.cores or (isolated[:threads] if len(isolated) >= threads else ())


def core_of(configuration: Configuration, root: Root) -> int | None:
    """The core of the one thread that trades; None without."""
    return next(iter(cores_of(configuration, root, 1)), None)


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
        raise _unusable((core,), error) from error
    return had - {core} or had


def keep_off(cores: Sequence[int]) -> None:
    """Leave ``cores`` to others: this thread, and those it starts, run on the rest, where there is any.

    Raises LltoolError.
    """
    had = frozenset(os.sched_getaffinity(0))
    unknown = sorted(set(cores) - had)
    if unknown:
        raise _unusable(unknown, OSError(errno.EINVAL, "not among this process's"))
    if rest := had.difference(cores):
        os.sched_setaffinity(0, rest)


def _unusable(cores: Sequence[int], error: OSError) -> LltoolError:
    named = f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, cores))}"
    return from_os_error(f"{named} (pipeline.cores) cannot be used", error)


def threads_beside(cores: frozenset[int]) -> ThreadPoolExecutor:
    """Threads on ``cores``. By themselves they would have the core of who starts them, and take turns with trading."""
    return ThreadPoolExecutor(_THREADS_BESIDE, "beside", initializer=os.sched_setaffinity, initargs=(0, cores))
