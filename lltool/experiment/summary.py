"""The summary of a report as Markdown, for a chat or a pull request."""

from __future__ import annotations

from lltool.bench.figures import NONE
from lltool.bench.markdown import inline, table
from lltool.reports import Page, Row

_COMPARED = ("benchmark", "metric", "before", "after", "change", "95 % interval", "runs", "verdict")
_SINGLE = ("benchmark", "metric", "value", "runs", "remark")


def summary_markdown(page: Page) -> str:
    """Verdicts, the figures that stand for their benchmarks, and cautions of ``page``."""
    compared = len(page.arms) > 1
    header = _COMPARED if compared else _SINGLE
    rows = [_compared(row) if compared else _single(row) for row in page.rows if row.headline]
    verdicts = [f"- {inline(sentence)}" for sentence in page.verdicts]
    notes = [f"- {inline(caution)}" for caution in page.cautions]
    blocks = [
        [f"### {inline(page.title)}"],
        verdicts,
        table(header, rows, figures=header[2:-1]),
        ["Cautions:", "", *notes] if notes else [],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _compared(row: Row) -> list[str]:
    figures = (_with_unit(row, row.before), _with_unit(row, row.after), row.change or NONE, row.interval or NONE)
    verdict = "unsettled" if row.unsettled else row.outcome
    return [row.benchmark, row.metric, *figures, row.runs, verdict]


def _single(row: Row) -> list[str]:
    remark = "unsettled" if row.unsettled else row.reason
    return [row.benchmark, row.metric, _with_unit(row, row.before), row.runs, remark]


def _with_unit(row: Row, text: str) -> str:
    return f"{text} {row.unit}" if text else NONE
