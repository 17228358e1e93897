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
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Configuration in TOML.  [default: the chapter's]")
    ] = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="FILE", help="Write every order, fill and state change.")
    ] = None,
    trade: Annotated[bool, typer.Option("--trade/--no-trade", help="Have the strategy trade on it, on paper.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Replay recorded market data and compare the book with the best quotes that the market itself published.

    A line is `<local nanoseconds> <message as received>`. The strategy trades on it on paper, by the recording's own
    clock: the same file, configuration and seed give the same fills. It runs on the core of the configuration
    (pipeline.cores), else on the first isolated one.

    Example: lltool trade replay spot-btcusdt.gz --speed 8
    """
    from lltool.cli.progress import progress
    from lltool.root import Root
    from lltool.trading.configuration import load_configuration
    from lltool.trading.log_file import log_file
    from lltool.trading.paper_replay import PaperReplay
    from lltool.trading.placement import core_of, pin
    from lltool.trading.recording import read_recording
    from lltool.trading.replay import document
    from lltool.trading.replay import replay as run

    factor = _speed(speed)
    configuration = load_configuration(config)
    read = read_recording(recording)
    pin(core_of(configuration, Root()))
    with progress(_PARTS) as tell, log_file(log, fresh=True) as lines:
        trading = PaperReplay(configuration, lines) if trade else None
        begun = 0

        def show(done: int) -> None:
            nonlocal begun
            while factor is not None and begun < _PARTS and begun * len(read.events) <= done * _PARTS:
                tell(f"{done} of {len(read.events)} events")
                begun += 1

        replayed = run(read, speed=factor, progress=show, trading=trading)
    found = document(read, replayed, trading)
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
    if found["trading"] is not None:
        _print_trading(found["trading"])
    offset = found["clock_offset"]
    if offset is not None:
        typer.echo(
            f"Clock offset (local minus exchange time): p50 {offset['p50_ns'] / 1e6:.1f} ms, from "
            f"{offset['smallest_ns'] / 1e6:.1f} to {offset['largest_ns'] / 1e6:.1f} ms. The clocks are not bound to "
            "each other, so how long messages took is not known."
        )


def _print_trading(found: dict[str, Any]) -> None:
    typer.echo(f"\nOn paper, seed {found['seed']}:")
    print_table(
        ("instrument", "orders", "cancels", "fills", "position", "cash", "fees"),
        [
            (
                f"{one['symbol']} {one['market']}",
                *(str(one[name]) for name in ("orders", "cancels", "fills")),
                f"{one['position'] / 1e8:.8f}",
                f"{one['cash'] / 1e16:.2f}",
                f"{one['fees'] / 1e16:.2f}",
            )
            for one in found["instruments"]
        ],
    )
    if found["kill_switch"] is not None:
        typer.echo(f"The kill switch tripped ({found['kill_switch']}): no order left after it.")
    typer.echo("")


def _level(level: list[int] | None) -> str:
    from decimal import Decimal

    if level is None:
        return "-"
    price, quantity = (f"{Decimal(part).scaleb(-8).normalize():f}" for part in level)
    return f"{quantity} @ {price}"
