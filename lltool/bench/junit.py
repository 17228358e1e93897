"""A comparison as JUnit XML: one test case a figure, for CI that shows such files."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from lltool.bench.budgets import Budgets, is_over_budget
from lltool.bench.figures import figures_of
from lltool.bench.model import Comparison, Outcome
from lltool.bench.pairing import Pair

_FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 65534, 65535], "?")
"""What XML 1.0 has no place for."""


def junit(pair: Pair, comparisons: Sequence[Comparison], budgets: Budgets) -> str:
    """The document. Worse or over budget is a failure, a figure that was not compared is skipped."""
    suite = ET.Element("testsuite", name="lltool bench compare")
    failures = skipped = 0
    for entry in comparisons:
        case = ET.SubElement(suite, "testcase", classname=entry.benchmark, name=entry.metric)
        figures = figures_of(entry, pair)
        text = f"{figures.before} -> {figures.after} {figures.unit}, {figures.change} ({figures.interval})"
        told = "; ".join(filter(None, [entry.reason, budgets.in_words(entry.benchmark, entry.metric, entry.after)]))
        message = f"{entry.outcome.value}: {told}".translate(_FORBIDDEN)
        if entry.outcome is Outcome.WORSE or is_over_budget(budgets, entry):
            failures += 1
            ET.SubElement(case, "failure", message=message).text = text
        elif entry.outcome is Outcome.NOT_COMPARED:
            skipped += 1
            ET.SubElement(case, "skipped", message=message)
        else:
            ET.SubElement(case, "system-out").text = f"{text}\n{message}"
    suite.attrib |= {"tests": str(len(comparisons)), "failures": str(failures), "skipped": str(skipped)}
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
