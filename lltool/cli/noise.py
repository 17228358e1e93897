"""``lltool noise``: who disturbs these cores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lltool.cli.output import print_json, print_table, say

SMALLEST_SHOWN = 0.001
"""Causes below this share of the lost time are summed up in one row."""


def noise(
    cores: Annotated[
        str | None, typer.Option("--cores", metavar="LIST", help="Cores to watch.  [default: the isolated ones]")
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", min=0.1, max=600.0, help="Length of each of two passes.")
    ] = 5.0,
    fifo: Annotated[bool, typer.Option("--fifo", help="Watch as SCHED_FIFO 80 instead of SCHED_OTHER.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what takes these cores away from a thread that never sleeps, how much, and what helps.

    Example: lltool noise --cores 2,3 --seconds 10
    """
    from lltool.bench.cores import watched_cores
    from lltool.bench.latest import keep_noise
    from lltool.bench.noise.process import watch_for_noise
    from lltool.root import Root

    chosen = watched_cores(cores, Root())
    say(f"watching cores {', '.join(map(str, chosen))}: {seconds:g} s untraced, then {seconds:g} s traced")
    found = watch_for_noise(chosen, seconds, fifo=fifo)
    keep_noise(found, Root())
    if json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    from lltool.bench.noise.document import EXPLAINED, LEVELS

    print_table(
        ("core", "time lost", "gaps", "p50", "p99", "longest"),
        [
            (
                str(one["core"]),
                _percent(one["lost_share"]) + (" at least" if one["unrecorded_gaps"] else ""),
                str(one["gaps"] + one["unrecorded_gaps"]),
                *(_time(one[name]) for name in ("p50_ns", "p99_ns", "max_ns")),
            )
            for one in found["untraced"]
        ],
    )
    typer.echo(f"\nUntraced, {found['policy']}, gaps of at least {found['threshold_ns']} ns.")
    typer.echo(f"Reasons by {found['level']}: {LEVELS[found['level']]}.")
    if found["level_reason"]:
        typer.echo(f"No better level: {found['level_reason']}.")
    typer.echo()
    _print_causes(found["causes"])
    if "counts" in found:
        typer.echo()
        _print_counts(found["counts"])
    if "shapes" in found:
        _print_shapes(found["shapes"])
    if found["explained_share"] is not None:
        typer.echo(f"\n{_percent(found['explained_share'])} of the lost time is {EXPLAINED[found['level']]}.")
    if found["worst"]:
        typer.echo()
        _print_worst(found["worst"])
    if found.get("events_lost"):
        say(f"note: {found['events_lost']} events found the trace buffer full; what they would explain is missing")
    if found.get("events_missing"):
        say(f"note: this kernel does not trace {', '.join(found['events_missing'])}")


def _print_causes(causes: Sequence[dict[str, Any]]) -> None:
    shown = [cause for cause in causes if cause["share_of_lost"] >= SMALLEST_SHOWN]
    rest = [cause for cause in causes if cause["share_of_lost"] < SMALLEST_SHOWN]
    rows = [
        (
            f"{cause['kind']} {cause['name']}".strip(),
            _percent(cause["share_of_lost"]),
            _time(cause["lost_ns"]),
            str(cause["gaps"] or "-"),
            _time(cause["worst_ns"] or None),
            cause["setting"] or "-",
            cause["fix"],
        )
        for cause in shown
    ]
    if rest:
        lost = sum(cause["lost_ns"] for cause in rest)
        share = sum(cause["share_of_lost"] for cause in rest)
        rows.append((f"{len(rest)} smaller causes", _percent(share), _time(lost), "-", "-", "-", "see --json"))
    if rows:
        print_table(("cause", "of lost time", "lost", "gaps", "longest", "setting", "what helps"), rows)


def _print_counts(counts: Sequence[dict[str, Any]]) -> None:
    print_table(
        ("core", "counted meanwhile", "times", "setting", "what helps"),
        [
            (
                str(one["core"]),
                f"{one['kind']} {one['name']}".strip(),
                str(one["count"]),
                one["setting"] or "-",
                one["fix"],
            )
            for one in counts
        ],
    )


def _print_shapes(shapes: Sequence[dict[str, Any]]) -> None:
    print_table(
        ("core", "gaps", "lost", "looks like"),
        [(str(one["core"]), str(one["gaps"]), _time(one["lost_ns"]), one["reason"]) for one in shapes],
    )


def _print_worst(worst: Sequence[dict[str, Any]]) -> None:
    print_table(
        ("longest gaps", "core", "at", "cause"),
        [
            (
                _time(gap["length_ns"]),
                str(gap["core"]),
                f"{gap['at_seconds']:.6f} s",
                ", ".join(f"{cause['kind']} {cause['name']} {_time(cause['ns'])}" for cause in gap["causes"][:3])
                or "not known at this level",
            )
            for gap in worst
        ],
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= SMALLEST_SHOWN else f"{100 * share:.4f} %"


def _time(nanoseconds: int | None) -> str:
    if nanoseconds is None:
        return "-"
    for unit, length in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= length:
            return f"{nanoseconds / length:.3g} {unit}"
    return f"{nanoseconds} ns"
