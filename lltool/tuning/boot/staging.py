"""Staging: from the boot settings of a profile to the arguments of the next kernel, and what stands against them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lltool.errors import LltoolError
from lltool.root import Root
from lltool.tuning.boot.loaders import loader_of
from lltool.tuning.boot.setting import SETTING
from lltool.tuning.catalogue import Entry
from lltool.tuning.kinds.boot import argument
from lltool.tuning.observation import Observation
from lltool.tuning.step import Step
from lltool.tuning.transaction import Transaction
from lltool.tuning.writing import failure

_SAFE = re.compile(r"[A-Za-z0-9_.,=:<>@/+-]+")
# The kernel takes these as often as they come, in their order.
_REPEATABLE = {"hugepages", "hugepagesz"}


@dataclass(frozen=True, slots=True)
class Staging:
    """What would be staged. ``arguments`` are all that lltool would have in the next boot's command line.

    ``steps`` bring that about; none where it is so already, or where ``obstacle`` says why it cannot be done.
    ``conflicts``: per setting, why its argument is left out.
    """

    arguments: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    obstacle: str = ""
    conflicts: dict[str, str] = field(default_factory=dict)

    def said_of(self, observation: Observation) -> str:
        """What becomes of one boot setting, in words."""
        if observation.setting in self.conflicts:
            return f"not staged: {self.conflicts[observation.setting]}"
        words = " ".join(arguments_of(observation))
        if self.obstacle:
            return f"cannot be staged here: add {words} to the kernel command line yourself"
        return f"{words} is staged for the next boot" if self.steps else f"{words} is staged already"


def plan_staging(observations: Sequence[Observation], root: Root, transactions: Sequence[Transaction]) -> Staging:
    """Stage the boot settings among ``observations``; ``transactions`` are those in force.

    What is there without lltool's doing is left to its owner, and so is an argument that would contradict it. What
    lltool staged for settings that are not among ``observations`` stays.
    """
    wanted = boot_settings(observations)
    owned = staged_arguments(transactions)
    loader, obstacle = loader_of(root)
    present = (loader.next_boot(root) or []) if loader is not None else []
    foreign = {key_of(word): word for word in present if word not in owned}
    named = {key_of(word) for each in wanted for word in arguments_of(each)}
    arguments = [word for word in owned if key_of(word) not in named]
    conflicts: dict[str, str] = {}
    for observation in wanted:
        words = arguments_of(observation)
        conflict = _conflict(words, foreign)
        if conflict:
            conflicts[observation.setting] = conflict
        elif any(word in owned for word in words) or not all(state.met for state in observation.knobs):
            arguments += [word for word in words if foreign.get(key_of(word)) != word]
    if loader is None:
        return Staging(tuple(arguments), (), obstacle if arguments else "", conflicts)
    try:
        steps = loader.steps(root, arguments, owned) if arguments or owned else []
    except OSError as error:
        return Staging(tuple(arguments), (), f"{loader.name}: {failure(error)}", conflicts)
    return Staging(tuple(arguments), tuple(steps), "", conflicts)


def foresee_staging(observations: Sequence[Observation], root: Root, transactions: Sequence[Transaction]) -> Staging:
    """What :func:`plan_staging` would do, for a plan: where it fails, that is the obstacle."""
    try:
        return plan_staging(observations, root, transactions)
    except LltoolError as error:
        return Staging(obstacle=f"{error.what}: {error.cause}")


def unstage(entries: Iterable[Entry], root: Root, transactions: Sequence[Transaction]) -> Staging:
    """Take the arguments of these settings out of what lltool has staged."""
    keys = {key_of(word) for entry in entries for word in argument(entry, "").split()}
    owned = staged_arguments(transactions)
    kept = [word for word in owned if key_of(word) not in keys]
    if len(kept) == len(owned):
        return Staging(tuple(owned))
    loader, obstacle = loader_of(root)
    if loader is None:
        return Staging(tuple(owned), (), obstacle)
    try:
        return Staging(tuple(kept), tuple(loader.steps(root, kept, owned)))
    except OSError as error:
        return Staging(tuple(owned), (), f"{loader.name}: {failure(error)}")


def boot_settings(observations: Iterable[Observation]) -> list[Observation]:
    """Those among ``observations`` that a boot decides, that this host can have and that nobody has to allow."""
    return [each for each in observations if each.entry.kind == "boot" and each.settled is None and not each.needs]


def arguments_of(observation: Observation) -> list[str]:
    """The words of the kernel command line that a boot setting stands for."""
    return argument(observation.entry, observation.wanted).split()


def staged_arguments(transactions: Iterable[Transaction]) -> list[str]:
    """The arguments that lltool has in the next boot's command line, as its newest transaction left them."""
    for transaction in sorted(transactions, key=lambda each: each.id, reverse=True):
        if any(change.setting == SETTING for change in transaction.in_force):
            return list(transaction.arguments)
    return []


def key_of(word: str) -> str:
    """The name of a command line parameter, as the kernel compares it."""
    return word.partition("=")[0].replace("-", "_")


def _conflict(words: Sequence[str], foreign: dict[str, str]) -> str:
    for word in words:
        other = foreign.get(key_of(word))
        if not _SAFE.fullmatch(word):
            return f"{word!r} holds characters that boot loaders treat specially"
        if other is not None and other != word and key_of(word) not in _REPEATABLE:
            return f"the boot loader already has {other}, which is not lltool's"
    return ""
