"""The kinds of setting, by the name that the catalogue uses."""

from __future__ import annotations

from lltool.tuning.kinds.base import Kind
from lltool.tuning.kinds.boot import BootParameter
from lltool.tuning.kinds.boot_arguments import CommandLineFile, GrubbyArguments, OstreeArguments
from lltool.tuning.kinds.cpumask import CpuMask
from lltool.tuning.kinds.governor import Governor
from lltool.tuning.kinds.hugepages import HugePages
from lltool.tuning.kinds.irq_affinity import IrqAffinity
from lltool.tuning.kinds.owned_file import OwnedDirectory, OwnedFile, OwnedLink
from lltool.tuning.kinds.pm_qos import ResumeLatency
from lltool.tuning.kinds.refresh import Refresh
from lltool.tuning.kinds.swap import Swap
from lltool.tuning.kinds.sysctl import Sysctl
from lltool.tuning.kinds.sysfs import SysfsFile
from lltool.tuning.kinds.thp import TransparentHugePages

KINDS: dict[str, Kind] = {
    "boot": BootParameter(),
    "command_line_file": CommandLineFile(),
    "cpumask": CpuMask(),
    "governor": Governor(),
    "grubby_arguments": GrubbyArguments(),
    "hugepages": HugePages(),
    "irq_affinity": IrqAffinity(),
    "ostree_arguments": OstreeArguments(),
    "owned_directory": OwnedDirectory(),
    "owned_file": OwnedFile(),
    "owned_link": OwnedLink(),
    "pm_qos": ResumeLatency(),
    "refresh": Refresh(),
    "swap": Swap(),
    "sysctl": Sysctl(),
    "sysfs": SysfsFile(),
    "thp": TransparentHugePages(),
}
