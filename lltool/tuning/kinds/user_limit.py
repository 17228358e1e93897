"""Limits of a user's sessions (limits.conf(5)), which pam_limits sets when a session begins."""

from __future__ import annotations

from collections.abc import Iterator

from lltool.host.readings import fields
from lltool.root import Root
from lltool.tuning.catalogue import EVERY, Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.kinds.process_limits import limit_of, soft_limit
from lltool.tuning.values import Wish

PATH = "/etc/security/limits.d/99-zz-lltool.conf"
DEFAULT = "(default)"
UNLIMITED = "unlimited"

_FIRST = "/etc/security/limits.conf"
_DIRECTORY = "/etc/security/limits.d"
_PAM = "/etc/pam.d"
_WITHOUT_LIMIT = {"-1", "unlimited", "infinity"}
_KIB = 1024  # limits.conf counts memory in KiB


class UserLimit(Kind):
    """What the last line for an account in limits.conf and limits.d says; hard and soft limit alike.

    The knob's part is the account (``@trading``: a group) and the item: ``@trading memlock``.
    """

    runtime = False
    filed = True
    verified = "the files of pam_limits are read in its order; processes that began with less are counted"
    undone = "lltool's file goes, or its line: sessions that begin then are without it"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        account = entry.device_in(setting)
        if account == EVERY:
            raise NotApplicable("it needs an account: limit.@trading.memlock is for the group trading")
        if _entry_of(host.root, account) is None:
            kind = "group" if account.startswith("@") else "user"
            raise NotApplicable(f"this host has no {kind} {account.lstrip('@')} in /etc/{_file_of(account)}")
        if not any("pam_limits.so" in text for text in _pam_files(host.root)):
            raise NotApplicable(f"no service in {_PAM} calls pam_limits")
        return [Knob(PATH, f"{account} {entry.option('item')}")]

    def read(self, root: Root, knob: Knob) -> str:
        account, item = knob.part.split()
        found: dict[str, str] = {}
        for domain, types, name, value in limit_lines(root):
            if (domain, name) == (account, item):
                found |= dict.fromkeys(types, UNLIMITED if value in _WITHOUT_LIMIT else value)
        soft, hard = found.get("soft", DEFAULT), found.get("hard", DEFAULT)
        return soft if soft == hard else f"soft {soft}, hard {hard}"

    def remark(self, root: Root, knob: Knob, wish: Wish) -> str:
        account, item = knob.part.split()
        wanted = limit_of(item, wish.text, unit_bytes=_KIB)
        short = sum(limit < wanted for limit in _running_limits(root, account, item))
        if not short:
            return ""
        return f"{short} running processes of {account} began with less: it holds for sessions that begin now"


def limit_lines(root: Root) -> Iterator[tuple[str, tuple[str, ...], str, str]]:
    """Domain, types (soft, hard), item and value of each line, in the order in which pam_limits reads them."""
    names = [name for name in root.listdir(_DIRECTORY) if name.endswith(".conf")]
    for path in (_FIRST, *(f"{_DIRECTORY}/{name}" for name in names)):
        for line in (root.read_or(path, "") or "").splitlines():
            words = line.partition("#")[0].split()
            if len(words) == 4:
                domain, kind, item, value = words
                yield domain, ("soft", "hard") if kind == "-" else (kind,), item, value


def _pam_files(root: Root) -> Iterator[str]:
    for name in root.listdir(_PAM):
        yield "\n".join(
            line for line in (root.read_or(f"{_PAM}/{name}", "") or "").splitlines() if not line.startswith("#")
        )


def _file_of(account: str) -> str:
    return "group" if account.startswith("@") else "passwd"


def _entry_of(root: Root, account: str) -> list[str] | None:
    """The fields of an account's line: of passwd, or of group where it has an ``@``."""
    lines = (root.read_or(f"/etc/{_file_of(account)}", "") or "").splitlines()
    return next((words for line in lines if (words := line.split(":"))[0] == account.lstrip("@")), None)


def _running_limits(root: Root, account: str, item: str) -> Iterator[float]:
    """The soft limit of each process of an account."""
    entry = _entry_of(root, account)
    if entry is None:
        return
    number = entry[2]
    for process in root.listdir("/proc"):
        if not process.isdigit():
            continue
        status = fields(root.read_or(f"/proc/{process}/status", "") or "")
        ids = status.get("Groups", "").split() + status.get("Gid", "").split()
        if number in (ids if account.startswith("@") else status.get("Uid", "").split()):
            limit = soft_limit(root, process, item)
            if limit is not None:
                yield limit
