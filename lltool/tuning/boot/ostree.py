"""rpm-ostree: kernel arguments belong to a deployment; a change makes a new one, the old one stays bootable."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.boot.setting import SETTING
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.boot_arguments import OstreeArguments
from lltool.tuning.step import Step, Write


class Ostree:
    """``rpm-ostree kargs``."""

    name = "rpm-ostree"

    def obstacle(self, root: Root) -> str:
        """Why it cannot be used."""
        return ""

    def steps(self, root: Root, arguments: Sequence[str], owned: Sequence[str]) -> list[Step]:
        """Stage exactly ``arguments`` as lltool's; ``owned`` are those staged before."""
        kind, wanted = OstreeArguments(), " ".join(arguments)
        knob = Knob("rpm-ostree kargs", " ".join(dict.fromkeys([*owned, *arguments])))
        before = kind.read(root, knob)
        return (
            [] if kind.restored(before, wanted) else [Step(SETTING, "ostree_arguments", (Write(knob, before, wanted),))]
        )

    def next_boot(self, root: Root) -> list[str] | None:
        """The words of the next deployment; None where that cannot be read."""
        try:
            return root.run("rpm-ostree", "kargs").split()
        except OSError:
            return None
