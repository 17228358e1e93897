"""What was set again, kept for monitoring: a drift that comes back every hour is seen although it is always healed."""

from __future__ import annotations

from dataclasses import asdict

from lltool.latest import keep_latest, read_latest
from lltool.root import Root
from lltool.tuning.reapply import Reapplied


def keep_reapplied(profile: str, done: Reapplied, root: Root) -> None:
    """Keep the decisions, and add what was set again to the total. Raises :class:`LltoolError`."""
    earlier = read_latest("reapply", root)
    total = 0 if earlier is None else int(earlier.document["total"])
    total += sum(each.reapply for each in done.decisions)
    settings = [asdict(each) for each in done.decisions]
    keep_latest("reapply", {"profile": profile, "total": total, "settings": settings}, root)
