"""``lltool bench``: what can be measured, and measuring it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lltool.cli import compare
from lltool.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from lltool.bench.benchmark import Benchmark
    from lltool.bench.model import Result

app = typer.Typer(name="bench", help="Measure this host, one pinned process a run.", no_args_is_help=True)

CoresOption = Annotated[
    str | None, typer.Option("--cores", metavar="LIST", help="Measure on the first of these, with the second as peer.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
LabelOption = Annotated[str, typer.Option("--label", metavar="TEXT", help="A name for this result.")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Result file.  [default: ./lltool-results/bench-TIME.json]"),
]
QuickOption = Annotated[bool, typer.Option("--quick", help="Shorter and fewer runs.")]
RunsOption = Annotated[
    int | None, typer.Option("--runs", metavar="N", min=1, help="Runs of each benchmark.  [default: 20, quick: 10]")
]


@app.command("list")
def list_benchmarks(json: JsonOption = False) -> None:
    """Show every benchmark: what it measures, its section in the chapter, its cores, its latency budget.

    Example: lltool bench list
    """
    from dataclasses import asdict

    from lltool.bench.budgets import load_budgets
    from lltool.bench.catalogue import BENCHMARKS

    limits = load_budgets()
    wanted = {
        known.name: [budget for metric in known.metrics if (budget := limits.of(known.name, metric)) is not None]
        for known in BENCHMARKS
    }
    if json:
        entries = [
            {**asdict(known), "budgets": {budget.metric: budget.limit_ns for budget in wanted[known.name]}}
            for known in BENCHMARKS
        ]
        print_json({"schema": "lltool.bench-list/1", "benchmarks": entries})
        return
    rows = []
    for known in BENCHMARKS:
        limit = ", ".join(f"{budget.metric} {budget.limit}" for budget in wanted[known.name])
        rows.append((known.name, known.section, str(known.cores_needed), known.loop, limit, known.summary))
    print_table(("benchmark", "section", "cores", "loop", "budget", "measures"), rows)


@app.command("run")
def run(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Benchmarks, or patterns such as 'tcp.*'.")],
    quick: QuickOption = False,
    cores: CoresOption = None,
    runs: RunsOption = None,
    label: LabelOption = "",
    output: OutputOption = None,
    json: JsonOption = False,
) -> None:
    """Measure the benchmarks that are named.

    Example: lltool bench run spsc.hop 'memory.*' --cores 2,3 -o before.json
    """
    _measure(names, quick, cores, runs, label, output, as_json=json)


@app.command("all")
def run_all(
    quick: QuickOption = False,
    cores: CoresOption = None,
    runs: RunsOption = None,
    label: LabelOption = "",
    output: OutputOption = None,
    json: JsonOption = False,
) -> None:
    """Measure every benchmark, as often as fits into a minute (--quick) or ten, unless --runs says how often.

    Example: lltool bench all --quick --label "before the kernel update"
    """
    from lltool.bench.session import FULL_LIMIT_SECONDS, QUICK_LIMIT_SECONDS

    limit = None if runs is not None else QUICK_LIMIT_SECONDS if quick else FULL_LIMIT_SECONDS
    _measure(["*"], quick, cores, runs, label, output, as_json=json, limit_seconds=limit)


@app.command("passport")
def passport(cores: CoresOption = None, json: JsonOption = False) -> None:
    """Show what the clock and the core are: rate, grain, cost of a stamp, running frequency.

    Example: lltool bench passport --cores 2
    """
    from lltool.bench.passport_text import passport_rows
    from lltool.bench.runner import take_passport

    found = take_passport(_cores(cores))
    if json:
        print_json({"schema": "lltool.passport/1", **found})
        return
    print_table(("clock", ""), passport_rows(found))
    for caution in found["cautions"]:
        say(f"note: {caution}")


app.command("compare")(compare.compare)


def _cores(requested: str | None) -> tuple[int, ...]:
    from lltool.bench.cores import choose_cores, requested_cores
    from lltool.host.cores import plan_cores
    from lltool.host.interrupts import read_interrupts
    from lltool.host.nics import read_nics
    from lltool.host.topology import read_topology
    from lltool.root import Root

    root = Root()
    if requested is not None:
        return requested_cores(requested, root)
    return choose_cores(plan_cores(read_topology(root), read_nics(root, read_interrupts(root))))


def _measure(
    names: Sequence[str],
    quick: bool,
    cores: str | None,
    runs: int | None,
    label: str,
    output: Path | None,
    *,
    as_json: bool,
    limit_seconds: float | None = None,
) -> None:
    from lltool.bench.catalogue import select
    from lltool.bench.destination import prepare_destination, write_or_rescue
    from lltool.bench.session import FULL_RUNS, QUICK_RUNS, measure
    from lltool.bench.summary import has_failed
    from lltool.bench.wire import document
    from lltool.cli.progress import progress

    benchmarks = select(names)
    chosen = _cores(cores)
    path = prepare_destination(output, f"bench-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json")
    times = runs if runs is not None else QUICK_RUNS if quick else FULL_RUNS
    command = shlex.join(["lltool", *sys.argv[1:]])
    with progress(times * len(benchmarks)) as tell:
        result = measure(
            benchmarks, chosen, tell, runs=times, quick=quick, label=label, command=command, limit_seconds=limit_seconds
        )
    if not result.runs:
        say("lltool: interrupted before a run was finished: there is nothing to keep")
        raise typer.Exit(1)
    write_or_rescue(result, path)
    if as_json:
        print_json(document(result))
    else:
        _print_result(benchmarks, result)
    for note in result.notes:
        say(note)
    say(f"result: {path}")
    failed = [
        known.name for known in benchmarks if has_failed([run for run in result.runs if run.benchmark == known.name])
    ]
    if failed:
        say(f"lltool: no run succeeded of {', '.join(failed)}")
    if failed or result.notes:
        raise typer.Exit(1)


def _print_result(benchmarks: Sequence[Benchmark], result: Result) -> None:
    from lltool.bench.findings import tables
    from lltool.bench.summary import summarise

    rows = [
        (row.benchmark, row.metric, row.value, row.samples, row.runs, row.remark)
        for known in benchmarks
        for row in summarise(known, [run for run in result.runs if run.benchmark == known.name], result.passport)
    ]
    print_table(("benchmark", "metric", "value", "samples", "runs", "remark"), rows)
    for table in tables(result):
        typer.echo(f"\n{table.heading}\n")
        print_table(table.header, table.rows)
