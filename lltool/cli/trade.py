"""``lltool trade``: the pipeline on recorded, simulated and live market data. Orders are on paper only."""

from __future__ import annotations

import typer

from lltool.cli.exchange import exchange
from lltool.cli.replay import replay
from lltool.cli.trade_run import kill, run

app = typer.Typer(
    name="trade",
    help="Run the trading pipeline on recorded, simulated or live market data; orders are on paper only.",
    no_args_is_help=True,
)

app.command("replay")(replay)
app.command("exchange")(exchange)
app.command("run")(run)
app.command("kill")(kill)
