"""`lltool monitor`: what lltool last found, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer

from lltool.cli.output import print_json, print_table, say
from lltool.cli.target import JsonOption

app = typer.Typer(
    name="monitor",
    help="Metrics, alert rules, a dashboard and a timer, for Prometheus and Grafana.",
    no_args_is_help=True,
)

ProfileOption = Annotated[str, typer.Option("--profile", "-p", help="Profile to verify.")]
CoresOption = Annotated[
    str | None, typer.Option("--cores", metavar="LIST", help="The cores that the host was tuned with.")
]
OutputOption = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Replace FILE.prom of node_exporter's textfile directory."),
]


@app.command()
def metrics(
    output: OutputOption = None,
    serve: Annotated[bool, typer.Option("--serve", help="Answer scrapes until interrupted.")] = False,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where --serve listens.")
    ] = "127.0.0.1:9833",
    json: Annotated[bool, typer.Option("--json", help="Print the state of this host as one JSON document.")] = False,
) -> None:
    """Print the metrics of the last verify, noise and bench of this host.

    Example: lltool monitor metrics -o /var/lib/prometheus/node-exporter/lltool.prom
    """
    from lltool.atomic import write_atomically
    from lltool.monitor.exposition import exposition
    from lltool.monitor.host_state import host_state
    from lltool.monitor.metrics import metrics as families
    from lltool.root import Root

    if sum((serve, json, output is not None)) > 1:
        raise typer.BadParameter("give one of --output, --serve and --json")

    def text() -> str:
        return exposition(families(host_state(Root())))

    if serve:
        _serve(listen, text)
    elif json:
        print_json(host_state(Root()))
    elif output is not None:
        write_atomically(output, text())
    else:
        typer.echo(text(), nl=False)


@app.command()
def rules() -> None:
    """Print alert and recording rules, as Prometheus loads them.

    Example: lltool monitor rules > /etc/prometheus/lltool.rules.yml
    """
    from lltool.monitor.rules.texts import alert_rules

    typer.echo(alert_rules(), nl=False)


@app.command()
def dashboard() -> None:
    """Print a dashboard, as Grafana imports it.

    Example: lltool monitor dashboard > lltool-dashboard.json
    """
    from lltool.monitor.rules.texts import dashboard as text

    typer.echo(text(), nl=False)


@app.command()
def timer(
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where its metrics go.")],
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help="How often, as systemd.time(7).")] = "5min",
    reapply: Annotated[
        bool,
        typer.Option("--reapply", help="Permit it to set again what an event undid, as `lltool monitor reapply`."),
    ] = False,
    directory: Annotated[
        str | None,
        typer.Option("--directory", metavar="DIR", help="Write the two units there instead of printing them."),
    ] = None,
) -> None:
    """Print a systemd service and timer that verify this host regularly, on its housekeeping cores only.

    They tell what drifted and what happened since it last held; only with --reapply do they change anything.

    Example: lltool monitor timer -o /var/lib/prometheus/node-exporter/lltool.prom --directory /etc/systemd/system
    """
    import os

    from lltool.atomic import write_atomically
    from lltool.monitor.timer import NAME, Watch, timer_units
    from lltool.root import Root

    units = timer_units(Root(), Watch(profile, cores, every, output, reapply=reapply))
    if directory is None:
        typer.echo("\n".join(f"# {name}\n{text}" for name, text in units.items()), nl=False)
        return
    for name, text in units.items():
        write_atomically(os.path.join(directory, name), text)
        typer.echo(os.path.join(directory, name))
    say(f"Start it: systemctl daemon-reload && systemctl enable --now {NAME}.timer")


@app.command("reapply")
def reapply_undone(profile: ProfileOption = "hft", cores: CoresOption = None, json: JsonOption = False) -> None:
    """Set again what lltool had set and a link, a reset, a suspend, a CPU or a package has undone since.

    What nothing is known to have undone is left alone and named: somebody may have meant it. Nothing that disrupts is
    ever done, a link least of all. One transaction, which `lltool rollback` undoes. Exits as `lltool verify` does.

    Example: lltool monitor reapply --profile hft
    """
    from lltool.cli.findings import findings_document
    from lltool.cli.target import named_target
    from lltool.monitor.reapplied import keep_reapplied
    from lltool.root import Root
    from lltool.tuning.reapply import reapply
    from lltool.tuning.store import Store
    from lltool.tuning.verdicts import exit_code

    done = reapply(named_target(profile, cores), Store(Root()))
    keep_reapplied(profile, done, Root())
    if json:
        decisions = [asdict(each) for each in done.decisions]
        print_json(findings_document("reapply", profile, done.findings) | {"decisions": decisions})
    elif done.decisions:
        print_table(
            ("setting", "set again", "why"),
            [(each.setting, "yes" if each.reapply else "no", each.reason) for each in done.decisions],
        )
    else:
        say("Nothing that lltool set has drifted.")
    for note in done.notes:
        say(note[0].upper() + note[1:] + ".")
    raise typer.Exit(exit_code(done.findings))


def _serve(listen: str, text: Callable[[], str]) -> None:
    from lltool.monitor.scrape import PATH, scrape_server

    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter(f"--listen {listen}: write it as 127.0.0.1:9833")
    with scrape_server(host.strip("[]"), int(port), text) as server:
        bound = server.server_address
        say(f"http://{bound[0]!s}:{bound[1]}{PATH} until interrupted")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")
