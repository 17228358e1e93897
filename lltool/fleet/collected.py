"""The files that hosts sent, one host at a time: ``DIR/HOST.json`` or ``DIR/HOST/*.json``, whatever brought them.

Understood are ``lltool monitor metrics --json`` (everything at once), ``lltool verify --json``, result files of
`lltool bench` and `lltool trial`, and ``lltool.host-status/1`` of whoever collected them. What a host sends is data:
a file that is too large, damaged or of another kind is refused, and its host is listed with the reason.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from pydantic import ValidationError

from lltool.errors import InvalidInput, LltoolError, from_os_error
from lltool.fleet.groups import PROFILE
from lltool.fleet.host_report import NOT_READ, Change, Figure, HostReport, Standing
from lltool.fleet.wire import Bench, Head, HostState, HostStatus, TrialBrief, Verify

MAX_BYTES = 32 * 1024 * 1024
"""Beyond the result of the longest trial."""

MAX_FILES = 100
"""Of one host."""

_SUFFIX = ".json"
_UNREMARKABLE = frozenset({"ok", "not-applicable"})


def hosts(directory: str | os.PathLike[str]) -> Iterator[HostReport]:
    """Every host of ``directory``, by name. Raises :class:`InvalidInput` where there is none."""
    shown = os.fspath(directory)
    names: dict[str, list[str]] = {}
    try:
        for entry in sorted(os.scandir(shown), key=lambda found: found.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                names.setdefault(entry.name, []).extend(_files_of(entry.path))
            elif entry.name.endswith(_SUFFIX):
                names.setdefault(entry.name.removesuffix(_SUFFIX), []).append(entry.path)
    except OSError as error:
        raise InvalidInput(f"{shown} cannot be read", [str(from_os_error(shown, error).cause)]) from error
    if not names:
        raise InvalidInput(
            f"{shown} holds no host",
            ["there is no HOST.json and no HOST/*.json in it"],
            next_step="collect `lltool monitor metrics --json` of each host there",
        )
    for name, paths in names.items():
        yield _host(name, paths)


def _files_of(directory: str) -> list[str]:
    return sorted(entry.path for entry in os.scandir(directory) if entry.name.endswith(_SUFFIX))


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
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise from_os_error(f"{path} cannot be read", error) from error
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"{path} is not used", [f"larger than {MAX_BYTES // 1024**2} MiB"])
    return data


def _add_state(report: HostReport, state: HostState) -> None:
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

    document = json.loads(data)
    try:
        found = verdicts_of(Latest(created, document))
    except (KeyError, TypeError, AttributeError) as error:
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
