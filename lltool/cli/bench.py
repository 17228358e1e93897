"""``lltool bench``: what can be measured, and measuring it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lltool.cli import compare
from lltool.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from lltool.bench.allowance import Allowance
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
AllRunsOption = Annotated[
    int | None,
    typer.Option(
        "--runs",
        metavar="N",
        min=1,
        help="Runs of each benchmark.  [default: what fits into ten minutes, quick: a minute]",
    ),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Measure what FILE (else the newest result here) lacks: after an interruption.")
]
AppendOption = Annotated[bool, typer.Option("--append", help="Add runs to FILE (else to the newest result here).")]


@app.command("list")
def list_benchmarks(json: JsonOption = False) -> None:
    """Show every benchmark: what it measures, its section in the chapter, its cores, what the chapter expects.

    Example: lltool bench list
    """
    from dataclasses import asdict

    from lltool.bench.budgets import load_budgets
    from lltool.bench.catalogue import BENCHMARKS
    from lltool.bench.findings import ACCESS_TIMES
    from lltool.bench.resolution import format_value

    limits = load_budgets()
    chapter = {known.benchmark: known for known in ACCESS_TIMES}
    wanted = {
        known.name: [budget for metric in known.metrics if (budget := limits.of(known.name, metric)) is not None]
        for known in BENCHMARKS
    }
    if json:
        entries = [
            {**asdict(known), "budgets": {budget.metric: budget.limit_ns for budget in wanted[known.name]}}
            for known in BENCHMARKS
        ]
        times = [known._asdict() for known in ACCESS_TIMES]
        print_json({"schema": "lltool.bench-list/1", "benchmarks": entries, "access_times": times})
        return
    rows = []
    for known in BENCHMARKS:
        limit = ", ".join(f"{budget.metric} {budget.limit}" for budget in wanted[known.name])
        told = chapter.get(known.name)
        time = "" if told is None else f"{told.access}: {format_value(told.chapter_ns, 'ns', told.chapter_ns / 10)}"
        rows.append((known.name, known.section, str(known.cores_needed), known.loop, limit, time, known.summary))
    print_table(("benchmark", "section", "cores", "loop", "budget", "chapter's access time", "measures"), rows)


@app.command("run")
def run(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Benchmarks, or patterns such as 'tcp.*'.")],
    quick: QuickOption = False,
    cores: CoresOption = None,
    runs: RunsOption = None,
    label: LabelOption = "",
    output: OutputOption = None,
    resume: ResumeOption = False,
    append: AppendOption = False,
    json: JsonOption = False,
) -> None:
    """Measure the benchmarks that are named.

    Example: lltool bench run spsc.hop 'memory.*' --cores 2,3 -o before.json
    """
    going_on = _going_on(resume=resume, append=append)
    _measure(names, quick, cores, runs, label, output, going_on, as_json=json)


@app.command("all")
def run_all(
    quick: QuickOption = False,
    cores: CoresOption = None,
    runs: AllRunsOption = None,
    label: LabelOption = "",
    output: OutputOption = None,
    resume: ResumeOption = False,
    append: AppendOption = False,
    json: JsonOption = False,
) -> None:
    """Measure every benchmark, in rounds that fit into a minute (--quick) or ten, unless --runs says how often.

    The runs are cut so that the rounds fit; with --runs they have their whole length.

    Example: lltool bench all --quick --label "before the kernel update"
    """
    from lltool.bench.allowance import FULL_ALLOWANCE, QUICK_ALLOWANCE
    from lltool.bench.catalogue import BENCHMARKS, survey

    allowance = None if runs is not None else QUICK_ALLOWANCE if quick else FULL_ALLOWANCE
    going_on = _going_on(resume=resume, append=append)
    chosen = survey(quick=quick)
    if left_out := [known.name for known in BENCHMARKS if known.in_all and known not in chosen]:
        say(f"left out of --quick, because preparing a run takes long: {', '.join(left_out)}")
    if swept := sorted({f"'{known.name.split('.')[0]}.*'" for known in BENCHMARKS if not known.in_all}):
        say(f"only a part of a sweep is measured; all of it: lltool bench run {' '.join(swept)}")
    _measure([known.name for known in chosen], quick, cores, runs, label, output, going_on, allowance, as_json=json)


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


@app.command("selftest")
def selftest(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Benchmarks, or patterns.  [default: all]")
    ] = None,
    quick: QuickOption = False,
    cores: CoresOption = None,
    runs: Annotated[
        int | None, typer.Option("--runs", metavar="N", min=12, help="Runs of each.  [default: 40, quick: 20]")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure what comparisons on this host can see: false alarms, and the smallest change that is found.

    It is kept, and results measured afterwards claim no smaller change.

    Example: lltool bench selftest 'tcp.*' --quick
    """
    from dataclasses import asdict

    from lltool.bench import selftest as bench_selftest
    from lltool.bench.catalogue import select
    from lltool.bench.figures import percent
    from lltool.bench.floor_store import Known, store_floor
    from lltool.bench.resolution import quantum_ns
    from lltool.bench.session import Request, measure, was_interrupted
    from lltool.cli.progress import progress

    benchmarks = select(names or ["*"])
    times = runs or (bench_selftest.QUICK_RUNS if quick else bench_selftest.FULL_RUNS)
    request = Request(benchmarks, _cores(cores), times, quick, "selftest", shlex.join(["lltool", *sys.argv[1:]]))
    with progress(times * len(benchmarks)) as tell:
        result = measure(request, tell, keep=lambda _: None)
    if was_interrupted(result):
        say("lltool: interrupted: a self-test of a part of its runs is not kept")
        raise typer.Exit(1)
    found = [
        assessment
        for known in benchmarks
        for assessment in bench_selftest.assess(
            known.name, [run for run in result.runs if run.benchmark == known.name], quantum_ns(result.passport)
        )
    ]
    known = Known(bench_selftest.floor_of(found), bench_selftest.alarms_of(found))
    where = store_floor(known, result.host, result.created, quick=quick)
    if json:
        print_json({"schema": "lltool.selftest/1", "stored": where, "assessments": [asdict(entry) for entry in found]})
        return
    rows = [
        (
            entry.benchmark,
            entry.metric,
            str(entry.runs),
            f"{entry.alarms} of {entry.deals}",
            "" if entry.visible is None else f"{percent(entry.visible).lstrip('+')} %",
            entry.reason,
        )
        for entry in found
    ]
    print_table(("benchmark", "metric", "runs an arm", "false alarms", "smallest change seen", "remark"), rows)
    say(f"kept as the noise floor of this host: {where}")


class Format(StrEnum):
    """What HDR viewers read."""

    HLOG = "hlog"
    HGRM = "hgrm"


@app.command("export")
def export(
    result: Annotated[Path, typer.Argument(help="Result, or report.")],
    form: Annotated[
        Format, typer.Option("--format", help="hlog: one log, a line a run; hgrm: a percentile file a benchmark.")
    ] = Format.HLOG,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="File, for hgrm a folder.  [default: beside RESULT]"),
    ] = None,
) -> None:
    """Write histograms for the usual HDR viewers, in nanoseconds.

    Example: lltool bench export before.json -o before.hlog
    """
    from lltool.atomic import write_atomically
    from lltool.bench.export import hgrms, hlog
    from lltool.bench.results import read_result
    from lltool.errors import from_os_error

    found = read_result(result)
    if form is Format.HLOG:
        written = {output or result.with_suffix(".hlog"): hlog(found)}
    else:
        folder = output or result.with_suffix(".hgrm")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(f"{folder} cannot be made", error) from error
        written = {folder / name: text for name, text in hgrms(found).items()}
    for path, text in written.items():
        write_atomically(path, text)
        typer.echo(str(path))


app.command("compare")(compare.compare)


class _GoingOn(StrEnum):
    RESUME = "resume"
    APPEND = "append"


def _going_on(*, resume: bool, append: bool) -> _GoingOn | None:
    if resume and append:
        raise typer.BadParameter("give one of --resume and --append")
    return _GoingOn.RESUME if resume else _GoingOn.APPEND if append else None


def _cores(requested: str | None) -> tuple[int, ...]:
    from lltool.bench.cores import measured_cores
    from lltool.root import Root

    return measured_cores(requested, Root())


def _measure(
    names: Sequence[str],
    quick: bool,
    cores: str | None,
    runs: int | None,
    label: str,
    output: Path | None,
    going_on: _GoingOn | None,
    allowance: Allowance | None = None,
    *,
    as_json: bool,
) -> None:
    from lltool.bench.catalogue import select
    from lltool.bench.destination import newest_result, prepare_destination, write_or_rescue
    from lltool.bench.findings import findings_document
    from lltool.bench.latest import keep_bench
    from lltool.bench.results import read_result, write_result
    from lltool.bench.session import FULL_RUNS, QUICK_RUNS, Request, measure, was_interrupted
    from lltool.bench.summary import has_failed
    from lltool.bench.wire import document
    from lltool.cli.progress import progress
    from lltool.root import Root

    benchmarks = select(names)
    chosen = _cores(cores)
    if going_on is not None and output is None:
        output = Path(newest_result())
    earlier = None if going_on is None or output is None else read_result(output)
    path = prepare_destination(output, f"bench-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json")
    request = Request(
        benchmarks=benchmarks,
        cores=chosen,
        runs=runs if runs is not None else QUICK_RUNS if quick else FULL_RUNS,
        quick=quick,
        label=label,
        command=shlex.join(["lltool", *sys.argv[1:]]),
        allowance=allowance,
        earlier=earlier,
        resume=going_on is _GoingOn.RESUME,
    )
    with progress(request.runs * len(benchmarks)) as tell:
        result = measure(request, tell, keep=lambda so_far: write_result(so_far, path))
    if not result.runs:
        say("lltool: interrupted before a run was finished: there is nothing to keep")
        raise typer.Exit(1)
    write_or_rescue(result, path)
    keep_bench(result, Root())
    if as_json:
        print_json(document(result) | {"findings": findings_document(result)})
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
    if failed or was_interrupted(result):
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
