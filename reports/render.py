"""One page of finished figures -> one HTML document that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

from lltool import __version__
from lltool.errors import InvalidInput
from lltool.reports import tables
from lltool.reports.charts import bars, columns, history, matrix, noise, shift, spectrum
from lltool.reports.charts.axes import digits, quantity
from lltool.reports.charts.points import PointTable, tabulate
from lltool.reports.escaping import json_in_script, visible
from lltool.reports.page import Chart, Page

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES = ("vendor/uplot/uPlot.min.css", "style.css")
SCRIPTS = ("vendor/uplot/uPlot.iife.min.js", "enhance.js", "zoom.js")
LICENCE = "vendor/uplot/LICENSE"
"""What a page holds of others goes with its licence."""

_ARM_STYLES = 4


@dataclass(frozen=True, slots=True)
class _Charted:
    """One benchmark with its pictures and the table behind its spectrum; None where there is nothing to draw."""

    chart: Chart
    spectrum: spectrum.Drawing | None
    points: PointTable
    shift: shift.Drawing | None
    runs: columns.Drawing | None

    @classmethod
    def of(cls, chart: Chart, styles: Mapping[str, int]) -> Self:
        return cls(
            chart=chart,
            spectrum=spectrum.draw(chart, styles),
            points=tabulate(chart),
            shift=shift.draw(chart.shift),
            runs=columns.draw(chart.runs, chart.unit, styles),
        )


def render(page: Page) -> str:
    """The whole HTML document. The same ``page`` always gives the same text.

    Raises ``InvalidInput`` where ``page.data`` holds what JSON cannot hold.
    """
    styles, scripts = ([text_of(name) for name in names] for names in (STYLES, SCRIPTS))
    drawn = [arm for chart in page.charts for arm in _arms_of(chart)]
    arms = tuple(dict.fromkeys([*page.arms, *drawn]))
    arm_styles = {arm: place % _ARM_STYLES for place, arm in enumerate(arms)}
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            version=__version__,
            styles=styles,
            scripts=scripts,
            licence=text_of(LICENCE),
            policy=content_security_policy(styles, scripts),
            compared=len(page.arms) > 1,
            outcomes=tables.outcomes(page),
            sections=tables.sections(page),
            settings=tables.settings(page),
            arm_styles=arm_styles,
            charts=[_Charted.of(chart, arm_styles) for chart in page.charts],
            histories=[{"history": each, "drawing": history.draw(each, page.results)} for each in page.histories],
            history_plot=history,
            matrices=matrix.tables(page.matrices),
            levels=bars.draw_levels(page.levels, arm_styles),
            stages=bars.draw_stages(page.stages.stages, arm_styles) if page.stages else None,
            bars_plot=bars,
            noise_drawing=noise.draw(page.noise),
            noise_plot=noise,
            digits=digits,
            plot=spectrum,
            shift_plot=shift,
            runs_plot=columns,
            quantity=quantity,
            percent=spectrum.percent,
            change_text=shift.change_text,
            documents=_embedded(page),
        )
    )


def _arms_of(chart: Chart) -> list[str]:
    columns = () if chart.runs is None else chart.runs.columns
    return [line.arm for line in chart.spectra] + [column.arm for column in columns]


def content_security_policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """A policy that allows the style sheets and the scripts of the page, by their hashes, and no request."""
    style_hashes, script_hashes = (" ".join(map(_hash_of, texts)) for texts in (styles, scripts))
    return (
        f"default-src 'none'; style-src {style_hashes}; script-src {script_hashes}; base-uri 'none'; form-action 'none'"
    )


def text_of(name: str) -> str:
    """A file of this package."""
    return files("lltool.reports").joinpath(name).read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _embedded(page: Page) -> list[str]:
    documents: list[str] = []
    faults: list[str] = []
    for place, document in enumerate(page.data, start=1):
        try:
            documents.append(json_in_script(document))
        except ValueError as error:
            faults.append(f"result {place}: {error}")
    if faults:
        raise InvalidInput("a result cannot be embedded in the report", faults)
    return documents


def environment() -> Environment:
    """The templates, set up so that whatever text they are given does nothing."""
    # A FunctionLoader over importlib.resources reads templates from a wheel, an editable install and a zip alike.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    templates = files("lltool.reports").joinpath("templates")

    def load(name: str) -> str | None:
        source = templates.joinpath(name)
        return source.read_text(encoding="utf-8") if source.is_file() else None

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["unbroken"] = _unbroken
    environment.filters["exact"] = repr  # past _finalize, which rounds to a tenth of a pixel
    return environment


def _unbroken(sentence: str) -> str:
    """``sentence`` with every number kept on one line with its per cent sign."""
    return re.sub(r"(?<=[0-9]) (?=%)", "\u00a0", sentence)


def _finalize(value: Any) -> Any:
    """What every ``{{ expression }}`` passes through before it is escaped. Markup made by templates is left alone.

    The floats of the templates are positions in a picture; figures arrive as text.
    """
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
