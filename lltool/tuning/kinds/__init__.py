"""The kinds of setting, by the name that the catalogue uses."""

from __future__ import annotations

from lltool.tuning.kinds.base import Kind
from lltool.tuning.kinds.boot import BootParameter
from lltool.tuning.kinds.cpumask import CpuMask
from lltool.tuning.kinds.governor import Governor
from lltool.tuning.kinds.hugepages import HugePages
from lltool.tuning.kinds.irq_affinity import IrqAffinity
from lltool.tuning.kinds.pm_qos import ResumeLatency
from lltool.tuning.kinds.swap import Swap
from lltool.tuning.kinds.sysctl import Sysctl
from lltool.tuning.kinds.sysfs import SysfsFile
from lltool.tuning.kinds.thp import TransparentHugePages

KINDS: dict[str, Kind] = {
    "boot": BootParameter(),
    "cpumask": CpuMask(),
    "governor": Governor(),
    "hugepages": HugePages(),
    "irq_affinity": IrqAffinity(),
    "pm_qos": ResumeLatency(),
    "swap": Swap(),
    "sysctl": Sysctl(),
    "sysfs": SysfsFile(),
    "thp": TransparentHugePages(),
}
