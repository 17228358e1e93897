"""`lltool trial`: measure untuned and tuned in turn, report, undo."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lltool.cli.output import print_table, say
from lltool.cli.target import CoresOption, ProfileOption, named_target

if TYPE_CHECKING:
    from lltool.bench.benchmark import Benchmark
    from lltool.bench.model import Result, Run
    from lltool.experiment.trial import Trial
    from lltool.tuning.model import Finding
    from lltool.tuning.transaction import Transaction

WATCH_SECONDS, QUICK_WATCH_SECONDS = 5.0, 1.0
"""Length of each of the two passes over the measured cores, in each arm."""

MOST_WATCHED = 2
"""No benchmark runs on more cores."""


def trial(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="5 blocks, 10 short runs an arm.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the host tuned at the end.")] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Where the result and the report go.")
    ] = "lltool-results",
) -> None:
    """Measure this host untuned and tuned in turn, show the difference, and put everything back.

    Example: lltool trial --profile hft --quick
    """
    from contextlib import ExitStack

    from lltool.bench.catalogue import trial_set
    from lltool.bench.cores import choose_cores
    from lltool.bench.destination import prepare_destination, write_or_rescue
    from lltool.bench.latest import keep_trial
    from lltool.bench.noise.process import watch_for_noise
    from lltool.bench.runner import run_once, take_passport
    from lltool.cli.progress import progress
    from lltool.cli.report import write_report
    from lltool.experiment.trial import FULL_BLOCKS, PASSES, QUICK_BLOCKS, Trial, refuse_if_tuned, run_trial
    from lltool.root import Root
    from lltool.tuning.apply import apply
    from lltool.tuning.interruption import stoppable
    from lltool.tuning.store import Store

    target = named_target(profile, cores)
    store = Store(Root())
    measured_on = choose_cores(target.host.cores)
    path = prepare_destination(None, f"trial-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json", output)
    blocks = QUICK_BLOCKS if quick else FULL_BLOCKS
    benchmarks = trial_set()
    seen = Trial()
    watched = measured_on[:MOST_WATCHED]
    with ExitStack() as stack:
        if os.geteuid() == 0:
            stack.enter_context(store.lock())
            refuse_if_tuned(store, target)
        stack.enter_context(stoppable())
        passport = take_passport(measured_on)
        tell = stack.enter_context(progress(blocks * PASSES * len(benchmarks)))

        def measure(benchmark: Benchmark, arm: str, block: int, position: int) -> Run:
            tell(f"block {block + 1} of {blocks}: {arm}, {benchmark.name}")
            return run_once(benchmark, measured_on, arm, block, position, quick=quick, hold=False)

        def watch() -> dict[str, Any]:
            say(f"watching cores {', '.join(map(str, watched))} for noise")
            return watch_for_noise(watched, QUICK_WATCH_SECONDS if quick else WATCH_SECONDS, fifo=False)

        run_trial(target, store, benchmarks, measure, watch, blocks=blocks, trial=seen)
        if keep and not seen.interrupted:
            apply(target.observe(), target.host.root, store, profile, keep_going=True)
    result = _result(seen, passport, profile, quick=quick)
    if seen.runs:
        write_or_rescue(result, path)
        keep_trial(result, Root())
    _print_trial(result, seen)
    if seen.runs:
        typer.echo(f"\nResult: {path}\nReport: {write_report([result], [path], os.path.splitext(path)[0] + '.html')}")
    _say_how_it_was_left(seen, kept=keep)
    if seen.interrupted:
        say(f"lltool: interrupted after {len(seen.runs)} runs")
    if seen.interrupted or seen.differences:
        raise typer.Exit(1)


def _result(seen: Trial, passport: dict[str, Any], profile: str, *, quick: bool) -> Result:
    from lltool import __version__
    from lltool.bench.fingerprint import fingerprints
    from lltool.bench.floor_store import stored_floor
    from lltool.bench.model import Result
    from lltool.host.describe import describe_host
    from lltool.root import Root

    host = describe_host(Root())
    known = stored_floor(host, quick=quick)
    return Result(
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        version=__version__,
        command=shlex.join(["lltool", *sys.argv[1:]]),
        label=profile,
        design=seen.design,
        host=host,
        passport=passport,
        noise_floor=known.floor,
        false_alarms=known.false_alarms,
        fingerprint=fingerprints(host),
        runs=tuple(seen.runs),
        noise=seen.noise,
        transactions=tuple(_transaction(transaction) for transaction in seen.transactions),
        settings={arm: [finding.as_dict() for finding in findings] for arm, findings in seen.settings.items()},
        notes=tuple(seen.notes),
    )


def _transaction(transaction: Transaction) -> dict[str, Any]:
    return {
        "id": transaction.id,
        "profile": transaction.profile,
        "started": transaction.started,
        "changes": [
            {
                "setting": change.setting,
                "knob": str(change.knob),
                "before": change.before,
                "wanted": change.wanted,
                "after": change.after,
                "error": change.error,
            }
            for change in transaction.changes
        ],
    }


def _print_trial(result: Result, seen: Trial) -> None:
    from lltool.bench.pairing import has_both_arms

    if has_both_arms(result):
        _print_comparison(result)
    else:
        _print_single_arm(result)
    typer.echo()
    _print_settings(list(seen.settings.values())[-1])
    for note in seen.notes:
        say(f"note: {note}")


def _print_comparison(result: Result) -> None:
    from lltool.bench.catalogue import BENCHMARKS
    from lltool.bench.figures import figures_of
    from lltool.bench.pairing import pair_of

    headlines = {(known.name, known.headline) for known in BENCHMARKS}
    pair = pair_of(result, result)
    rows = []
    for entry in pair.compare():
        if (entry.benchmark, entry.metric) in headlines:
            figures = figures_of(entry, pair)
            texts = (figures.unit, figures.before, figures.after, figures.change, figures.interval)
            rows.append((entry.benchmark, entry.metric, *texts, f"{entry.outcome.value}: {entry.reason}"))
    print_table(("benchmark", "metric", "unit", "before", "after", "change", "95 % interval", "verdict"), rows)


def _print_single_arm(result: Result) -> None:
    from lltool.bench.catalogue import BENCHMARKS
    from lltool.bench.summary import summarise

    rows = [
        (row.benchmark, row.metric, row.value, "-", "; ".join(filter(None, ["not compared", row.remark])))
        for known in BENCHMARKS
        for row in summarise(known, [run for run in result.runs if run.benchmark == known.name], result.passport)
        if row.metric in {known.headline, ""}
    ]
    print_table(("benchmark", "metric", "before", "after", "verdict"), rows)


def _print_settings(findings: Sequence[Finding]) -> None:
    by_verdict = defaultdict(list)
    for finding in findings:
        by_verdict[finding.verdict.value].append(finding.setting)
    print_table(
        ("verdict", "count", "settings"),
        [(verdict, str(len(settings)), ", ".join(settings)) for verdict, settings in sorted(by_verdict.items())],
    )


def _say_how_it_was_left(seen: Trial, *, kept: bool) -> None:
    if seen.differences:
        for knob, (before, after) in seen.differences.items():
            say(f"lltool: {knob} was {before!r} and is {after!r}: changed by someone else during the trial")
    elif "after" in seen.settings:
        say(f"The host was put back: all {seen.compared} values read as before the trial.")
    for knob in seen.gone:
        say(f"{knob} is no longer there: it ended by itself, or was ended and started anew.")
    if kept and not seen.interrupted:
        say("The host is tuned now, as --keep asked; `lltool rollback` undoes it.")
