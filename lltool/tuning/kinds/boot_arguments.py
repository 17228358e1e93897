"""Arguments of a kernel command line that lltool adds to a place which is not its own, and takes out of it again.

The knob's ``part`` lists all words that the transaction may add or remove; its value is which of them are there. An
undo therefore never touches a word of anyone else. A word that only some boot entries have is shown with a ``?``.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob

_RESCUE = "-0-rescue"


class SharedArguments(Kind):
    """What the places have in common; each says which words its entries have, and how to change them."""

    persistent = True

    def entries(self, root: Root, knob: Knob) -> list[list[str]]:
        """The words of each ordinary boot entry; raises ``OSError``."""
        raise NotImplementedError

    def change(self, root: Root, knob: Knob, add: Sequence[str], remove: Sequence[str]) -> None:
        """Add and remove words in every ordinary boot entry; raises ``OSError``."""
        raise NotImplementedError

    def read(self, root: Root, knob: Knob) -> str:
        entries = self.entries(root, knob)
        counts = {word: sum(word in words for words in entries) for word in knob.part.split()}
        return " ".join(word if count == len(entries) else f"{word}?" for word, count in counts.items() if count > 0)

    def write(self, root: Root, knob: Knob, text: str) -> None:
        entries = self.entries(root, knob)
        wanted = text.split()
        add = [word for word in wanted if not all(word in words for words in entries)]
        remove = [word for word in knob.part.split() if word not in wanted and any(word in words for words in entries)]
        if add or remove:
            self.change(root, knob, add, remove)

    def foreign(self, live: str, after: str | None, wanted: str) -> bool:
        # A kernel that was installed since has entries of its own: that does not make the words someone else's.
        return False

    def restored(self, live: str, before: str) -> bool:
        return set(live.split()) == set(before.split())

    def shown(self, value: str) -> str:
        return value or "(none)"


class GrubbyArguments(SharedArguments):
    """The BLS entries of RHEL and Fedora, through ``grubby``; the rescue entry stays as it is."""

    def entries(self, root: Root, knob: Knob) -> list[list[str]]:
        return [words for _, words in bls_entries(root)]

    def change(self, root: Root, knob: Knob, add: Sequence[str], remove: Sequence[str]) -> None:
        options = [f"--remove-args={' '.join(remove)}"] if remove else []
        options += [f"--args={' '.join(add)}"] if add else []
        for kernel, _ in bls_entries(root):
            root.run("grubby", f"--update-kernel={kernel}", *options)


class OstreeArguments(SharedArguments):
    """The kernel arguments of the next deployment of an rpm-ostree system."""

    def entries(self, root: Root, knob: Knob) -> list[list[str]]:
        return [root.run("rpm-ostree", "kargs").split()]

    def change(self, root: Root, knob: Knob, add: Sequence[str], remove: Sequence[str]) -> None:
        if "State: idle" not in root.run("rpm-ostree", "status"):
            raise OSError(errno.EBUSY, "rpm-ostree is at work on another deployment")
        # One call makes one deployment.
        root.run(
            "rpm-ostree",
            "kargs",
            *(f"--delete-if-present={word}" for word in remove),
            *(f"--append-if-missing={word}" for word in add),
        )


class CommandLineFile(SharedArguments):
    """A file that holds a command line, such as /etc/kernel/cmdline: kernels installed later take it from there."""

    def entries(self, root: Root, knob: Knob) -> list[list[str]]:
        return [root.read(knob.path).split()]

    def change(self, root: Root, knob: Knob, add: Sequence[str], remove: Sequence[str]) -> None:
        text = root.read(knob.path)
        for word in remove:
            text = re.sub(rf"(?:(?<=\s)|^){re.escape(word)}(?=\s|$) ?| {re.escape(word)}(?=\s|$)", "", text)
        root.put_file(knob.path, " ".join([text, *add]) + "\n")

    def clear_leftover(self, root: Root, knob: Knob) -> None:
        root.clear_leftover(knob.path)


def bls_entries(root: Root) -> list[tuple[str, list[str]]]:
    """Kernel and arguments of each entry that ``grubby`` knows, without the rescue entry."""
    entries: list[tuple[str, list[str]]] = []
    kernel = ""
    for line in root.run("grubby", "--info=ALL").splitlines():
        key, _, value = line.partition("=")
        if key == "kernel":
            kernel = value.strip('"')
        elif key == "args" and _RESCUE not in kernel:
            entries.append((kernel, value.strip('"').split()))
    return entries
