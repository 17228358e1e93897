"""Finished figures -> one self-contained HTML page that opens offline. Nothing here measures or computes statistics."""

from __future__ import annotations

from lltool.reports.page import (
    BudgetLine,
    Chart,
    Core,
    Cpu,
    Group,
    History,
    HistoryPoint,
    Matrix,
    Page,
    Row,
    RunColumn,
    Runs,
    SettingRow,
    Shift,
    Spectrum,
)
from lltool.reports.render import render

__all__ = (
    "BudgetLine",
    "Chart",
    "Core",
    "Cpu",
    "Group",
    "History",
    "HistoryPoint",
    "Matrix",
    "Page",
    "Row",
    "RunColumn",
    "Runs",
    "SettingRow",
    "Shift",
    "Spectrum",
    "render",
)
