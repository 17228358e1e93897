"""The longest wake-up latency that a CPU may accept when it idles (per-CPU PM QoS).

The file is easily misread: ``0`` is no limit at all, ``n/a`` is the limit zero, that is no idle state with any
wake-up latency (Documentation/ABI/testing/sysfs-devices-power).
"""

from __future__ import annotations

from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.sysfs import cpus_of, per_cpu_knobs


class ResumeLatency(Kind):
    """``power/pm_qos_resume_latency_us`` of the isolated CPUs."""

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        return per_cpu_knobs(
            "/sys/devices/system/cpu/cpu{cpu}/power/pm_qos_resume_latency_us",
            cpus_of(str(entry.option("cpus")), host),
            host,
            "this kernel offers no PM QoS for single CPUs",
        )
