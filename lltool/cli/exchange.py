"""``lltool trade exchange``: the simulated exchange."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lltool.cli.output import print_json, print_table, say


def exchange(
    recording: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Recording to play.  [default: a random market]")
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="FILE", help="Configuration in TOML.  [default: the chapter's]")
    ] = None,
    speed: Annotated[
        float, typer.Option("--speed", metavar="N", min=0.0, help="Pace of the recording; 0: as fast as it can.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the random market.")] = 1,
    rate: Annotated[
        float, typer.Option("--rate", metavar="HZ", min=0.001, help="Depth events a second of the random market.")
    ] = 10.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="KIND@N[:SECONDS]",
            help="A fault at the depth event (for unknown-execution: the order) of that number: drop, duplicate, "
            "reorder, half-frame, close, unknown-execution; with a time: silence, ping-silence, server-shutdown, "
            "too-many-requests.  [repeatable]",
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="WebSocket and REST.")] = 9443,
    fix_port: Annotated[int, typer.Option("--fix-port", metavar="N", min=0, max=65535, help="FIX order entry.")] = 9000,
    feed_port: Annotated[
        int, typer.Option("--feed-port", metavar="N", min=0, max=65535, help="Packed feed over TCP.")
    ] = 9100,
    order_port: Annotated[
        int, typer.Option("--order-port", metavar="N", min=0, max=65535, help="Packed order entry.")
    ] = 9101,
    udp_port: Annotated[
        int | None,
        typer.Option("--udp-port", metavar="N", min=1, max=65535, help="Send the packed feed to that UDP port too."),
    ] = None,
    ping_seconds: Annotated[
        float, typer.Option("--ping-seconds", metavar="S", min=0.01, help="How often it pings.")
    ] = 20.0,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Start to play when the first client has subscribed.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document at the end.")] = False,
) -> None:
    """Serve a market on loopback, recorded or random: streams, snapshots, packed feed, order entry, faults on demand.

    It ends with the recording, or on Ctrl-C. Port 0 has the kernel choose; the addresses are told on stderr.

    Example: lltool trade exchange --rate 100 --fault drop@50 --fault close@200
    """
    import asyncio

    from lltool.trading.configuration import load_configuration, to_fixed
    from lltool.trading.exchange.faults import FaultScript, parse_faults
    from lltool.trading.exchange.lines import random_lines, recorded_lines
    from lltool.trading.exchange.market import Market
    from lltool.trading.exchange.server import Exchange, Ports, serve
    from lltool.trading.paper_settings import paper_arguments

    configuration = load_configuration(config)
    lines = (
        random_lines(configuration, seed=seed, price=to_fixed("60000"), rate_hz=rate)
        if recording is None
        else recorded_lines(recording)
    )
    served = Exchange(
        Market(configuration.market.symbols, paper_arguments(configuration)),
        lines,
        FaultScript(parse_faults(fault or ())),
        speed=speed,
        ping_seconds=ping_seconds,
        udp_port=udp_port,
    )
    asyncio.run(serve(served, Ports(port, fix_port, feed_port, order_port), wait=wait, tell=say))
    document = {"schema": "lltool.exchange/1", **served.statistics()}
    if json:
        print_json(document)
    else:
        _print(document)


def _print(document: dict[str, Any]) -> None:
    print_table(
        ("what", "count"),
        [(name.replace("_", " "), str(value)) for name, value in document.items() if isinstance(value, int)]
        + [(f"fault {kind}", str(count)) for kind, count in document["faults"].items()],
    )
