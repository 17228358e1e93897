"""The deadline server that gives starved ordinary tasks 50 ms of every second, also beside real-time tasks (6.12).

Its run time counts against the bandwidth that ``sched_rt_runtime_us`` leaves to deadline tasks: while that is
limited, the kernel can answer EBUSY, here and to a change of the limit (kernel/sched/deadline.c).
"""

from __future__ import annotations

import errno

from lltool.tuning.kinds.sysfs import SysfsFile


class FairServer(SysfsFile):
    """``/sys/kernel/debug/sched/fair_server/cpuN/runtime`` of the isolated CPUs, in nanoseconds."""

    undone = "the old run time is written back before sched_rt_runtime_us is: the other order is refused (EBUSY)"

    def refused(self, error: OSError) -> str:
        if error.errno == errno.EBUSY:
            return "the bandwidth of deadline tasks does not allow it while sysctl.kernel.sched_rt_runtime_us is not -1"
        return super().refused(error)
