"""The kinds of setting, by the name that the catalogue uses."""

from __future__ import annotations

from lltool.tuning.kinds.advice import Advice
from lltool.tuning.kinds.base import Kind
from lltool.tuning.kinds.boot import BootParameter
from lltool.tuning.kinds.boot_arguments import CommandLineFile, GrubbyArguments, OstreeArguments
from lltool.tuning.kinds.bracketed import BracketedChoice
from lltool.tuning.kinds.cgroup_partition import CgroupPartition, CpusetController
from lltool.tuning.kinds.cpumask import CpuMask
from lltool.tuning.kinds.cpuset_v1 import CpusetV1
from lltool.tuning.kinds.ethtool import Ethtool
from lltool.tuning.kinds.fair_server import FairServer
from lltool.tuning.kinds.hugepages import HugePages
from lltool.tuning.kinds.irq_affinity import IrqAffinity
from lltool.tuning.kinds.kthread_affinity import KernelThreadAffinity
from lltool.tuning.kinds.listed import Listed
from lltool.tuning.kinds.owned_file import OwnedDirectory, OwnedFile, OwnedLink
from lltool.tuning.kinds.refresh import Refresh
from lltool.tuning.kinds.service import Service
from lltool.tuning.kinds.smt import SmtControl
from lltool.tuning.kinds.steal import StealTime
from lltool.tuning.kinds.swap import Swap
from lltool.tuning.kinds.sysctl import Sysctl, SysctlList, SysctlMask
from lltool.tuning.kinds.sysctl_pair import SysctlPair
from lltool.tuning.kinds.sysfs import SysfsFile
from lltool.tuning.kinds.turbo import Turbo
from lltool.tuning.kinds.unit_property import UnitProperty
from lltool.tuning.kinds.user_limit import UserLimit

KINDS: dict[str, Kind] = {
    "advice": Advice(),
    "boot": BootParameter(),
    "bracketed": BracketedChoice(),
    "cgroup_controller": CpusetController(),
    "cgroup_partition": CgroupPartition(),
    "command_line_file": CommandLineFile(),
    "cpumask": CpuMask(),
    "cpuset_v1": CpusetV1(),
    "ethtool": Ethtool(),
    "fair_server": FairServer(),
    "grubby_arguments": GrubbyArguments(),
    "hugepages": HugePages(),
    "irq_affinity": IrqAffinity(),
    "kthread_affinity": KernelThreadAffinity(),
    "listed": Listed(),
    "ostree_arguments": OstreeArguments(),
    "owned_directory": OwnedDirectory(),
    "owned_file": OwnedFile(),
    "owned_link": OwnedLink(),
    "refresh": Refresh(),
    "service": Service(),
    "smt": SmtControl(),
    "steal": StealTime(),
    "swap": Swap(),
    "sysctl": Sysctl(),
    "sysctl_list": SysctlList(),
    "sysctl_mask": SysctlMask(),
    "sysctl_pair": SysctlPair(),
    "sysfs": SysfsFile(),
    "turbo": Turbo(),
    "unit_property": UnitProperty(),
    "user_limit": UserLimit(),
}
