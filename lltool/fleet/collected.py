"""The files that hosts sent, one host at a time: ``DIR/HOST.json`` or ``DIR/HOST/*.json``, whatever brought them.

Understood are ``lltool monitor metrics --json`` (everything at once), ``lltool verify --json``, result files of
`lltool bench` and `lltool trial`, and ``lltool.host-status/1`` of whoever collected them. What a host sends is data:
a file that is too large, damaged or of another kind is refused, and its host is listed with the reason.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator

from pydantic import ValidationError

from lltool.errors import InvalidInput, LltoolError, from_os_error
from lltool.fleet.groups import PROFILE
from lltool.fleet.host_report import NOT_READ, Change, Figure, HostReport, Standing
from lltool.fleet.wire import Bench, Head, HostState, HostStatus, TrialBrief, Verify

MAX_BYTES = 32 * 1024 * 1024
"""Beyond the result of the longest trial."""

MAX_VALUES = 500_000
"""Beyond it too. An empty list takes three bytes of a file, and hundreds of memory."""

MAX_FILES = 100
"""Of one host."""

CLOCK_SECONDS = 300.0
"""Clocks that are farther apart make moments of two hosts incomparable."""

_SUFFIX = ".json"
_UNREMARKABLE = frozenset({"ok", "not-applicable"})


def hosts(directory: str | os.PathLike[str], now: float | None = None) -> Iterator[HostReport]:
    """Every host of ``directory``, by name. Raises :class:`InvalidInput` where there is none.

    ``now``, in seconds since 1970, is what clocks of hosts are held against.
    """
    shown = os.fspath(directory)
    names = _files(shown)
    if not names:
        raise InvalidInput(
            f"{shown} holds no host",
            ["there is no HOST.json and no HOST/*.json in it"],
            next_step="collect `lltool monitor metrics --json` of each host there",
        )
    seen: dict[str, str] = {}
    for name, paths in names.items():
        report = _host(name, paths)
        _add_doubts(report, seen, time.time() if now is None else now)
        yield report


def _files(directory: str) -> dict[str, list[str]]:
    """By host: its files, or its directory where that cannot be listed."""
    names: dict[str, list[str]] = {}
    for entry in _entries(directory):
        name = _readable(entry.name)
        try:
            is_directory = entry.is_dir()
        except OSError:
            names.setdefault(name.removesuffix(_SUFFIX), []).append(entry.path)
            continue
        if is_directory:
            try:
                found = [each.path for each in _entries(entry.path) if each.name.endswith(_SUFFIX)]
            except InvalidInput:
                found = [entry.path]
            names.setdefault(name, []).extend(found)
        elif entry.name.endswith(_SUFFIX):
            names.setdefault(name.removesuffix(_SUFFIX), []).append(entry.path)
    return names


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted((each for each in entries if not each.name.startswith(".")), key=lambda each: each.name)
    except OSError as error:
        raise InvalidInput(f"{directory} cannot be read", [str(from_os_error(directory, error).cause)]) from error


def _readable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 as their escape."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def _add_doubts(report: HostReport, seen: dict[str, str], now: float) -> None:
    """What of a host cannot be right, though each of its files is well formed."""
    doubts: list[str] = []
    if report.node and (first := seen.setdefault(report.node, report.name)) != report.name:
        doubts.append(f"it calls itself {report.node!r}, as {first} does: one of the two is not the host of its file")
    if report.created is not None and report.created - now > CLOCK_SECONDS:
        doubts.append(f"its document is of {(report.created - now) / 60:.0f} minutes from now: a clock is wrong")
    report.faults += tuple(doubts)


def _host(name: str, paths: list[str]) -> HostReport:
    report = HostReport(name, Standing.UNKNOWN)
    faults: list[str] = []
    if len(paths) > MAX_FILES:
        faults.append(f"{len(paths)} files: only the first {MAX_FILES} are read")
    for path in paths[:MAX_FILES]:
        try:
            _add(report, path)
        except LltoolError as error:
            lines = error.faults if isinstance(error, InvalidInput) else (error.cause or error.what,)
            faults += [f"{os.path.basename(path)}: {line}" for line in lines[:3]]
    report.faults = tuple(faults)
    if report.standing is Standing.UNKNOWN:
        report.standing = _standing(report, read_any=bool(report.created or report.figures or report.verified))
    if report.standing is Standing.REFUSED and not report.reason:
        report.reason = faults[0] if faults else "it sent no file"
    return report


def _standing(report: HostReport, *, read_any: bool) -> Standing:
    if not read_any:
        return Standing.REFUSED
    if report.verified is None:
        return Standing.UNKNOWN
    verdicts = set(report.deviating.values())
    if verdicts & {"drift", "partial"}:
        return Standing.DRIFTED
    return Standing.REBOOT_PENDING if "pending-reboot" in verdicts else Standing.COMPLIANT


def _add(report: HostReport, path: str) -> None:
    data = _read(path)
    try:
        schema = Head.model_validate_json(data).document_schema
        if schema == "lltool.host-state/1":
            _add_state(report, HostState.model_validate_json(data))
        elif schema == "lltool.host-status/1":
            _add_status(report, HostStatus.model_validate_json(data))
        elif schema == "lltool.verify/1":
            _add_verify_document(report, data, os.stat(path).st_mtime)
        elif schema == "lltool.result/1":
            _add_result(report, path)
        else:
            raise InvalidInput(f"{path} is not used", [f"schema {schema!r} tells nothing of a host"])
    except ValidationError as error:
        raise InvalidInput(
            f"{path} is not used",
            [
                f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_input=False)
            ],
        ) from error


def _read(path: str) -> bytes:
    try:
        # Not to wait where it is a pipe.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InvalidInput(f"{path} is not used", ["it is not a regular file"])
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise from_os_error(f"{path} cannot be read", error) from error
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"{path} is not used", [f"larger than {MAX_BYTES // 1024**2} MiB"])
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise InvalidInput(f"{path} is not used", [f"it holds more than {MAX_VALUES} values"])
    return data


def _add_state(report: HostReport, state: HostState) -> None:
    if report.created is not None and state.created < report.created:
        return  # of several, the newest is how the host is
    report.node, report.version, report.created = state.host, state.version, state.created
    if state.unfinished:
        report.standing, report.reason = Standing.UNFINISHED, "a transaction was interrupted: run `lltool rollback`"
    profile = "" if state.verify is None else f"{state.verify.profile} {state.verify.profile_hash}".strip()
    report.group = (*state.equipment.items(), (PROFILE, profile))
    if state.verify is not None:
        _add_verify(report, state.verify)
    if state.bench is not None:
        _add_bench(report, state.bench)
    if state.trial is not None:
        _add_trial(report, state.trial)


def _add_status(report: HostReport, status: HostStatus) -> None:
    report.standing, report.reason = Standing(status.status), status.reason
    if report.standing in NOT_READ:
        # What an earlier collection left in the folder is not how the host is now.
        report.verified = None


def _add_verify(report: HostReport, verify: Verify) -> None:
    report.verified, report.profile = verify.created, verify.profile
    report.counts = {verdict: len(settings) for verdict, settings in verify.verdicts.items()}
    report.deviating = {
        setting: verdict
        for verdict, settings in verify.verdicts.items()
        if verdict not in _UNREMARKABLE
        for setting in settings
    }
    report.reasons = {finding.setting: finding.reason for finding in verify.findings}


def _add_verify_document(report: HostReport, data: bytes, created: float) -> None:
    from lltool.latest import Latest
    from lltool.monitor.host_state import verdicts_of

    try:
        found = verdicts_of(Latest(created, json.loads(data)))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInput(
            "the document is not used", [f"not what `lltool verify --json` prints: {error!r}"]
        ) from error
    _add_verify(report, Verify.model_validate(found))


def _add_result(report: HostReport, path: str) -> None:
    from lltool.bench.brief import bench_brief, trial_brief
    from lltool.bench.fingerprint import HOST, fact
    from lltool.bench.pairing import has_both_arms
    from lltool.bench.results import read_result

    result = read_result(path)
    if has_both_arms(result):
        _add_trial(report, TrialBrief.model_validate(trial_brief(result)))
    else:
        _add_bench(report, Bench.model_validate(bench_brief(result)))
    if not report.group:
        kernel = fact(result.host, ("kernel", "release"))
        report.group = (*((name, fact(result.host, place)) for name, place in HOST), ("kernel", kernel))


def _add_bench(report: HostReport, bench: Bench) -> None:
    from lltool.bench.catalogue import BENCHMARKS

    headlines = {known.name: known.headline for known in BENCHMARKS}
    for name, brief in bench.benchmarks.items():
        metric = headlines.get(name)
        if metric in brief.figures and brief.figures[metric] > 0:
            report.figures[name] = Figure(metric, brief.units.get(metric, "ns"), brief.figures[metric])


def _add_trial(report: HostReport, trial: TrialBrief) -> None:
    report.changes = {
        each.benchmark: Change(each.metric, each.outcome, each.change, each.low, each.high)
        for each in trial.comparisons
    }
