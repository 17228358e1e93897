"""``lltool trade run`` and ``lltool trade kill``: trading on live market data, on paper."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lltool.cli.output import print_json, print_table, say

NameOption = Annotated[str, typer.Option("--name", metavar="NAME", help="Of the run, for `lltool trade kill`.")]


def run(
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Configuration in TOML.  [default: the chapter's]")
    ] = None,
    name: NameOption = "trade",
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="S", min=0.1, help="End after that time.  [default: Ctrl-C]")
    ] = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="FILE", help="Append every order, fill and state change.")
    ] = None,
    show_config: Annotated[
        bool,
        typer.Option("--show-config", help="Print every key with value, unit, meaning and source, as TOML, and exit."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document at the end.")] = False,
) -> None:
    """Trade on live market data; every order stays on paper.

    The first Ctrl-C stops it: no new order, all orders cancelled and confirmed, a report. A second one ends it at once.

    Example: lltool trade run --config testnet.toml --log trade.log
    """
    from lltool.trading.configuration import load_configuration
    from lltool.trading.live.supervision import supervise
    from lltool.trading.show_configuration import show

    if show_config:
        typer.echo(show(load_configuration(config), config))
        return
    report, code = supervise({"config": config, "seconds": seconds, "log": log}, name)
    if report is not None:
        print_json(report) if json else _print(report)
    raise typer.Exit(code)


def kill(name: NameOption = "trade") -> None:
    """Trip the kill switch of a run: no order leaves any more, all orders are cancelled, the run ends.

    Example: lltool trade kill
    """
    from lltool.trading.live.supervision import trip

    say(f"run {name}: the kill switch is tripped" if trip(name) else f"run {name}: it was tripped before")


def _print(report: dict[str, Any]) -> None:
    confirmed = (
        "all orders confirmed" if report["orders_confirmed"] else f"{report['unconfirmed_orders']} not confirmed"
    )
    typer.echo(f"ended after {report['seconds']:g} s ({report['ended']}), {confirmed}\n")
    print_table(
        ("symbol", "book", "gaps", "resyncs", "orders", "fills", "position", "cash", "fees"),
        [
            (
                symbol,
                one["state"],
                str(one["book"]["gaps"]),
                str(one["book"]["resyncs"]),
                str(one["orders"]["orders"]),
                str(one["account"]["fills"]),
                f"{one['account']['position'] / 1e8:.8f}",
                f"{one['account']['cash'] / 1e16:.2f}",
                f"{one['account']['fees'] / 1e16:.2f}",
            )
            for symbol, one in report["symbols"].items()
        ],
    )
