"""What a worker does for its measurement before it starts, each as ``done`` or the reason why not."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from collections.abc import Iterator

from lltool.errors import LltoolError, from_os_error
from lltool.root import Root

DONE = "done"
NOT_ASKED_FOR = "not asked for: the host is measured as an application finds it"

PM_QOS = "/dev/cpu_dma_latency"
"""While a process holds it open with a 0 written, no core enters an idle state that takes time to leave."""

_CAP_IPC_LOCK = 14


def pin_to(core: int) -> None:
    """Pin the calling thread and read it back; raises ``LltoolError`` that names the core."""
    from lltool.kernels.placement import current_core, pin

    try:
        pin(core)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise LltoolError(
                f"core {core} cannot be used",
                cause="it is offline, missing, or outside the cpuset of this process",
                next_step="choose other cores with --cores",
            ) from error
        raise from_os_error(f"pin to core {core}", error) from error
    if (found := current_core()) != core:
        raise LltoolError(f"pin to core {core}", cause=f"the thread still runs on core {found}")


def lock_memory(root: Root) -> str:
    """Lock all present and future memory, unless a limit would then refuse what the benchmark allocates later."""
    from lltool.kernels.placement import lock_memory as mlockall

    _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if hard != resource.RLIM_INFINITY and not _may_lock(root):
        return f"not locked: RLIMIT_MEMLOCK allows {hard >> 10} KiB, and CAP_IPC_LOCK is missing"
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
        mlockall()
    except OSError as error:
        return f"not locked: {words(error)}"
    return DONE


def _may_lock(root: Root) -> bool:
    status = root.read_or("/proc/self/status") or ""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_IPC_LOCK & 1)
    return False


@contextlib.contextmanager
def held_c_states(root: Root, *, wanted: bool) -> Iterator[str]:
    """Hold the CPU wake-up latency limit at 0 for the length of the block; yields ``done`` or the reason."""
    if not wanted:
        yield NOT_ASKED_FOR
        return
    from lltool.kernels.placement import limit_wakeup_latency

    try:
        descriptor = os.open(root.path(PM_QOS), os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        yield f"not held: {PM_QOS}: {words(error)}"
        return
    try:
        try:
            limit_wakeup_latency(descriptor)
            state = DONE
        except OSError as error:
            state = f"not held: {PM_QOS}: {words(error)}"
        yield state
    finally:
        os.close(descriptor)


def words(error: OSError) -> str:
    """What the kernel answered, with the name of its error."""
    code = errno.errorcode.get(error.errno or 0, "no errno")
    return f"{os.strerror(error.errno or 0).lower()} ({code})"
