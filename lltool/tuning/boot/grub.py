"""GRUB of Debian and Ubuntu: a drop-in below /etc/default/grub.d, made part of grub.cfg by update-grub.

``GRUB_CMDLINE_LINUX_DEFAULT`` is what ordinary menu entries get; recovery entries do without it, so that an untuned
kernel can always be booted (/etc/grub.d/10_linux).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.boot.setting import SETTING
from lltool.tuning.kinds.owned_file import marked
from lltool.tuning.persistence.steps import file_steps, refreshed, removal_steps
from lltool.tuning.step import Step

DROP_IN = "/etc/default/grub.d/99-lltool.cfg"

_CONFIGURATION = "/boot/grub/grub.cfg"
_MAKERS = ("/usr/sbin/grub-mkconfig", "/usr/bin/grub-mkconfig")
_LINUX_LINE = re.compile(r"^\s*linux\s+\S+\s*(.*)$", re.MULTILINE)
_VARIABLE = "GRUB_CMDLINE_LINUX_DEFAULT"


class Grub:
    """``/etc/default/grub.d/99-lltool.cfg`` and ``update-grub``."""

    name = "grub"

    def obstacle(self, root: Root) -> str:
        """Why this GRUB cannot be used: an upstream grub-mkconfig reads no drop-ins."""
        text = "".join(root.read_or(path, "") or "" for path in _MAKERS)
        return "" if "default/grub.d" in text else "its grub-mkconfig reads no /etc/default/grub.d"

    def steps(self, root: Root, arguments: Sequence[str], owned: Sequence[str]) -> list[Step]:
        """Stage exactly ``arguments`` as lltool's."""
        text = f'{_VARIABLE}="${_VARIABLE} {" ".join(arguments)}"\n'
        steps = file_steps(SETTING, root, DROP_IN, marked(text)) if arguments else removal_steps(SETTING, root, DROP_IN)
        command = "update-grub" if root.exists("/usr/sbin/update-grub") else f"grub-mkconfig -o {_CONFIGURATION}"
        return refreshed(SETTING, command, steps)

    def next_boot(self, root: Root) -> list[str] | None:
        """The words that every ordinary entry hands to its kernel; None where that cannot be read."""
        configuration = root.read_or(_CONFIGURATION)
        if configuration is None:
            return None
        lines = [match[1].split() for match in _LINUX_LINE.finditer(configuration)]
        ordinary = [words for words in lines if not {"single", "recovery"} & set(words)]
        if not ordinary:
            return None
        return [word for word in ordinary[0] if all(word in words for words in ordinary)]
