"""What every kind of setting can do: find its knobs, read, write, and say when a live value is what was wanted."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from lltool.host.cpulist import parse_cpulist
from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.places import files_of
from lltool.tuning.values import NONE, Wish, normalised

_REFUSALS = {
    errno.EACCES: "needs root",
    errno.EPERM: "the kernel does not permit it",
    errno.EROFS: "the file system is read-only, as in a container",
}


@dataclass(frozen=True, slots=True, order=True)
class Knob:
    """One value of the kernel: a file, and the part of it that is meant where it holds several."""

    path: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.path} {self.part}".rstrip()


class Kind:
    """Files that hold one value each, at the entry's ``path``. Other kinds override where they differ.

    ``read`` and ``write`` need the knob alone, so that a journal can undo what a newer catalogue no longer knows.
    """

    runtime = True
    """Whether a write takes effect at once; False for what only a reboot or a file changes."""
    filed = False
    """Whether only a file of lltool's own sets it: with ``--persist``, for what starts from then on."""
    persistent = False
    """Whether what is written is still there after a reboot."""
    stateless = False
    """Whether a write is an act that leaves nothing to read back: it is then repeated by every undo."""

    resets_threads = False
    """Whether a write makes the kernel give its threads other CPUs."""
    changed_in_passing = False
    """Whether the write of another setting may change the value: it is then written once more at the end."""
    belied = ""
    """What a changed :meth:`evidence` proves."""

    verified = "the file is read back and compared, white space aside"
    undone = "the old text is written back"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        """The knobs of a setting on this host; raises :class:`NotApplicable` where there are none."""
        return [Knob(path) for path in files_of(entry, setting, host)]

    def cpus(self, entry: Entry, wish: Wish) -> tuple[int, ...]:
        """The CPUs that a wished value names."""
        return parse_cpulist(wish.text) if entry.value.type == "cpus" and wish.text != NONE else ()

    def read(self, root: Root, knob: Knob) -> str:
        """The live value in canonical form; raises ``OSError``."""
        return normalised(root.read(knob.path))

    def write(self, root: Root, knob: Knob, text: str) -> None:
        """Write a value in canonical form; raises ``OSError`` as the kernel gave it."""
        root.write(knob.path, text)

    def met(self, entry: Entry, wish: Wish, live: str) -> bool:
        """Whether a live value is what is wanted."""
        return wish.met_by(live)

    def text_for(self, wish: Wish, live: str) -> str:
        """What to write where ``live`` is in force."""
        return wish.text_over(live)

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        """Why this knob cannot be written, known without trying; empty where nothing is known against it."""
        return ""

    def shortfall(self, root: Root, knob: Knob, wish: Wish) -> str:
        """Why a wish that the value meets is in force only in part; empty where it is in force."""
        return ""

    def remark(self, root: Root, knob: Knob, wish: Wish) -> str:
        """What is still to happen although the wish is met; empty where nothing is."""
        return ""

    def evidence(self, root: Root, knob: Knob, wanted: str) -> str:
        """What will have changed if what is still to happen did not; empty where nothing is.

        A transaction records it after its write; where it reads differently later, ``belied`` is true of the knob.
        """
        return ""

    def refused(self, error: OSError) -> str:
        """The words for an answer by which the kernel says no for good; empty for any other failure."""
        return _REFUSALS.get(error.errno or 0, "")

    def foreign(self, live: str, after: str | None, wanted: str) -> bool:
        """Whether ``live`` is someone else's doing.

        ``after`` is what the transaction read back; None where it was interrupted around this very write, and the
        value is then its own.
        """
        return after is not None and live != after

    def restored(self, live: str, before: str) -> bool:
        """Whether ``live`` is what an undo to ``before`` should leave."""
        return live == before

    def clear_leftover(self, root: Root, knob: Knob) -> None:
        """Remove what a write that was cut off left beside the knob."""

    def shown(self, value: str) -> str:
        """A value in a few words, for tables."""
        return value


class KeptForOthers(Exception):
    """An undo stops short of destroying what is not lltool's; the message says what."""
