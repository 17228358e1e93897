"""Verdicts as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lltool.cli.output import print_json, print_table

if TYPE_CHECKING:
    from lltool.tuning.drift import DriftHistory
    from lltool.tuning.model import Finding


def findings_document(
    command: str, profile: str, findings: Sequence[Finding], drifts: Mapping[str, DriftHistory] | None = None
) -> dict[str, Any]:
    """The verdicts as JSON types, with what is known of each drift."""
    known = drifts or {}
    rows = [f.as_dict() | (known[f.setting].as_dict() if f.setting in known else {}) for f in findings]
    return {"schema": f"lltool.{command}/1", "profile": profile, "settings": rows}


def print_findings(
    document: dict[str, Any],
    findings: Sequence[Finding],
    *,
    as_json: bool,
    drifts: Mapping[str, DriftHistory] | None = None,
) -> None:
    """Print ``document`` or, for a reader, the findings that it holds."""
    known = drifts or {}
    if as_json:
        print_json(document)
        return
    print_table(
        ("setting", "verdict", "live", "wanted", "reason"),
        [(f.setting, f.verdict.value, f.live, f.wanted, _reason(f, known)) for f in findings],
    )


def _reason(finding: Finding, known: Mapping[str, DriftHistory]) -> str:
    history = known.get(finding.setting)
    return finding.reason if history is None else f"{finding.reason}; {history}"
