"""``lltool trade replay``: recorded market data through the book."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lltool.cli.output import print_json, print_table

_PARTS = 20
"""Steps of the progress of a replay that waits."""


def replay(
    recording: Annotated[
        str, typer.Argument(metavar="FILE", help="Recorded lines, plain or gzip.", show_default=False)
    ],
    speed: Annotated[
        str, typer.Option("--speed", metavar="N|as-fast", help="1 as recorded, 2 twice as fast ...; or no waiting.")
    ] = "as-fast",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Replay recorded market data and compare the book with the best quotes that the market itself published.

    A line is `<local nanoseconds> <message as received>`. Example: lltool trade replay spot-btcusdt.gz --speed 8
    """
    from lltool.cli.progress import progress
    from lltool.trading.recording import read_recording
    from lltool.trading.replay import document
    from lltool.trading.replay import replay as run

    factor = _speed(speed)
    read = read_recording(recording)
    with progress(_PARTS) as tell:
        begun = 0

        def show(done: int) -> None:
            nonlocal begun
            while factor is not None and begun < _PARTS and begun * len(read.events) <= done * _PARTS:
                tell(f"{done} of {len(read.events)} events")
                begun += 1

        replayed = run(read, speed=factor, progress=show)
    found = document(read, replayed)
    if json:
        print_json(found)
    else:
        _print_replay(found)


def _speed(text: str) -> float | None:
    import math

    if text == "as-fast":
        return None
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = math.nan
    if not (factor > 0 and math.isfinite(factor)):
        raise typer.BadParameter(f"{text!r} is neither as-fast nor a number above 0", param_hint="--speed")
    return factor


def _print_replay(found: dict[str, Any]) -> None:
    print_table(
        (
            "instrument",
            "depth events",
            "checked",
            "differ",
            "crossed",
            "gaps",
            "resyncs",
            "best bid",
            "best ask",
            "state",
        ),
        [
            (
                f"{one['symbol']} {one['market']}",
                *(str(one[name]) for name in ("depth_events", "checked", "mismatched", "crossed", "gaps", "resyncs")),
                _level(one["book"]["best_bid"]),
                _level(one["book"]["best_ask"]),
                one["state"],
            )
            for one in found["instruments"]
        ],
    )
    typer.echo(f"\n{found['events']} lines, {found['unused']} of kinds that are not used.")
    offset = found["clock_offset"]
    if offset is not None:
        typer.echo(
            f"Clock offset (local minus exchange time): p50 {offset['p50_ns'] / 1e6:.1f} ms, from "
            f"{offset['smallest_ns'] / 1e6:.1f} to {offset['largest_ns'] / 1e6:.1f} ms. The clocks are not bound to "
            "each other, so how long messages took is not known."
        )


def _level(level: list[int] | None) -> str:
    from decimal import Decimal

    if level is None:
        return "-"
    price, quantity = (f"{Decimal(part).scaleb(-8).normalize():f}" for part in level)
    return f"{quantity} @ {price}"
