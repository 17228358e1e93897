"""Verdicts as JUnit XML, for CI systems that show test reports."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from lltool.tuning.model import Finding, Verdict

_FAILURES = {Verdict.DRIFT, Verdict.PARTIAL, Verdict.PENDING_REBOOT}
_SKIPPED = {Verdict.NOT_APPLICABLE, Verdict.NO_EFFECT, Verdict.REFUSED}


def junit_of(findings: Sequence[Finding], profile: str, *, strict: bool) -> str:
    """One test case a setting: what is not compliant fails, what this host cannot have is skipped."""
    failing = _FAILURES | ({Verdict.REFUSED} if strict else set())
    failures = sum(finding.verdict in failing for finding in findings)
    skipped = sum(finding.verdict in _SKIPPED - failing for finding in findings)
    counts = f'tests="{len(findings)}" failures="{failures}" errors="0" skipped="{skipped}"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f"<testsuite name={quoteattr(f'lltool verify {profile}')} {counts}>",
    ]
    for finding in findings:
        said = quoteattr(f"{finding.verdict}: {finding.reason}; live {finding.live}, wanted {finding.wanted}")
        lines.append(f"  <testcase classname={quoteattr(profile)} name={quoteattr(finding.setting)}>")
        if finding.verdict in failing:
            lines.append(f"    <failure type={quoteattr(finding.verdict.value)} message={said}/>")
        elif finding.verdict in _SKIPPED:
            lines.append(f"    <skipped message={said}/>")
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"
