"""``lltool trade``: the pipeline on recorded, simulated and live market data. Orders are on paper only."""

from __future__ import annotations

from typing import Annotated

import typer

from lltool.cli.exchange import exchange
from lltool.cli.replay import replay

app = typer.Typer(
    name="trade",
    help="Run the trading pipeline on recorded, simulated or live market data; orders are on paper only.",
    no_args_is_help=True,
)

ConfigurationOption = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="Configuration in TOML.  [default: the chapter's]")
]
ShowConfigurationOption = Annotated[
    bool, typer.Option("--show-config", help="Print every key with its value and meaning, as TOML, and exit.")
]

app.command("replay")(replay)
app.command("exchange")(exchange)
