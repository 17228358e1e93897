"""What the tuning of a trial changed, out of the transactions that its result holds."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.model import Result
from lltool.reports import ChangeRow, Tuning


def tuning_of(results: Sequence[Result]) -> Tuning | None:
    """The changes of the first transaction; None where no result holds one."""
    transactions = [transaction for result in results for transaction in result.transactions]
    if not transactions:
        return None
    first = transactions[0]
    times = "once" if len(transactions) == 1 else f"{len(transactions)} times, once a block"
    return Tuning(
        about=(
            f"Profile {first['profile']}, applied and undone {times}; shown is transaction {first['id']} of "
            f"{first['started']}, in the order of its writes."
        ),
        changes=tuple(
            ChangeRow(
                setting=change["setting"],
                knob=change["knob"],
                before=change["before"],
                wanted=change["wanted"],
                after="" if change["after"] is None else change["after"],
                error=change["error"],
            )
            for change in first["changes"]
        ),
    )
