"""How far a boot setting has come: staged, booted, in force; judged by the kernel's own words where it has any."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from lltool.host.kernel_log import KernelLog, read_kernel_log
from lltool.root import Root
from lltool.tuning.boot.loaders import loader_of
from lltool.tuning.boot.setting import SETTING
from lltool.tuning.boot.staging import arguments_of, staged_arguments
from lltool.tuning.model import Verdict
from lltool.tuning.observation import KnobState, Observation
from lltool.tuning.transaction import Transaction, current_boot_id

NOT_STAGED = "not staged: it takes effect at boot"
_COMMAND_LINE = "/proc/cmdline"


class BootState:
    """The running command line, the next one, and lltool's part of it. Each is read when first asked for."""

    def __init__(self, root: Root, transactions: Sequence[Transaction]) -> None:
        self._root = root
        self._transactions = transactions

    @cached_property
    def running(self) -> list[str]:
        """The words that this kernel was started with."""
        return (self._root.read_or(_COMMAND_LINE, "") or "").split()

    @cached_property
    def owned(self) -> list[str]:
        """The words that lltool staged."""
        return staged_arguments(self._transactions)

    @cached_property
    def next_boot(self) -> list[str]:
        """The words that the next kernel will be started with; where that cannot be read, those that lltool staged."""
        loader, _ = loader_of(self._root)
        words = loader.next_boot(self._root) if loader is not None else []
        return self.owned if words is None else words

    @cached_property
    def log(self) -> KernelLog | None:
        """What the kernel said while it booted."""
        return read_kernel_log(self._root)

    @cached_property
    def staged_in_this_boot(self) -> bool:
        """Whether no reboot has happened since the last staging."""
        boots = [change.boot_id for each in self._transactions for change in each.in_force if change.setting == SETTING]
        return not boots or current_boot_id(self._root) in boots

    def judge(self, observation: Observation, state: KnobState) -> tuple[Verdict, str]:
        """The verdict on a boot setting whose value is not in force."""
        words = arguments_of(observation)
        if all(word in self.running for word in words):
            if self.ignored(observation):
                return Verdict.NO_EFFECT, f"the kernel says that it does not know {' '.join(words)}"
            return Verdict.PARTIAL, f"the kernel was started with {' '.join(words)} and made {state.live!r} of it"
        if all(word in self.next_boot for word in words):
            if self.staged_in_this_boot:
                return Verdict.PENDING_REBOOT, "staged: takes effect at the next boot"
            return Verdict.DRIFT, "staged, but this kernel was started without it: by another entry of the boot menu?"
        if any(word in self.owned for word in words):
            return Verdict.DRIFT, "staged by lltool, but the boot loader no longer has it"
        return Verdict.DRIFT, NOT_STAGED

    def ignored(self, observation: Observation) -> bool:
        """Whether the kernel said that it does not know the setting's argument: its text alone proves nothing."""
        return self.log is not None and any(self.log.ignores(word) for word in arguments_of(observation))
