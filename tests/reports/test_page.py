"""The whole document: valid, closed to the network, harmless, complete, and honest where parts are missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from lltool.errors import InvalidInput
from lltool.reports import BudgetLine, Core, Cpu, Group, History, HistoryPoint, Page, render
from lltool.reports.render import SCRIPTS
from tests.reports.demo import HOSTILE, HOSTILE_SHOWN, everything, hostile

html5lib = pytest.importorskip("html5lib", reason="needs html5lib")

_REPORTS = Path(__file__).resolve().parents[2] / "reports"
_ABSENT = "\u2013 none"


def _parse(html: str) -> Element:
    """The tree of a document that has no parse error."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree: Element = parser.parse(html)
    return tree


def _text(element: Element) -> str:
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def _by_id(tree: Element, name: str) -> Element:
    found = [element for element in tree.iter() if element.get("id") == name]
    assert len(found) == 1, f"{len(found)} elements are named {name}"
    return found[0]


@pytest.fixture(params=["whole", "single arm", "empty", "everything", "hostile"])
def document(request: pytest.FixtureRequest, page: Page, single_arm: Page, empty_page: Page) -> str:
    pages = {"whole": page, "single arm": single_arm, "empty": empty_page, "everything": everything(page)}
    return render(hostile(everything(page)) if request.param == "hostile" else pages[request.param])


def test_the_document_is_valid_html(document: str) -> None:
    tree = _parse(document)
    document.encode("utf-8")
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_nothing_refers_outside_the_document(document: str) -> None:
    for element in _parse(document).iter():
        assert element.tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        for name, value in element.attrib.items():
            plain = name.rpartition("}")[2]
            if plain in {"href", "src", "srcset", "action", "data", "poster"}:
                assert value.startswith("#"), f"{name}={value!r}"
            assert not plain.startswith("on"), f"a handler: {plain}"
            assert plain != "style", "an inline style is against the policy"
    style = (_REPORTS / "style.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|https?:", style)


def test_every_link_inside_the_document_has_its_target(document: str) -> None:
    tree = _parse(document)
    ids = {element.get("id") for element in tree.iter()}
    named = [
        element.get(name, "") for element in tree.iter() for name in ("href", "aria-labelledby", "aria-describedby")
    ]
    targets = {target.removeprefix("#") for value in named for target in value.split()}
    assert targets <= ids


def _hash_of(element: Element) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256((element.text or '').encode()).digest()).decode()}'"


def test_the_policy_allows_style_and_script_of_the_page_by_their_hashes_and_nothing_else(document: str) -> None:
    tree = _parse(document)
    styles = " ".join(_hash_of(style) for style in tree.iter("style"))
    scripts = " ".join(_hash_of(script) for script in tree.iter("script") if script.get("type") is None)
    policies = [m.get("content") for m in tree.iter("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    allowed = f"style-src {styles}; script-src {scripts}"
    assert policies == [f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"]


def test_no_script_but_data_and_those_of_the_package(document: str) -> None:
    scripts = list(_parse(document).iter("script"))
    assert {script.get("type") for script in scripts} <= {"application/json", None}
    plain = [script.text or "" for script in scripts if script.get("type") is None]
    assert plain == [(_REPORTS / name).read_text(encoding="utf-8") for name in SCRIPTS]
    assert not re.search(r"\bfetch\b|XMLHttp|\bimport\b|\beval\b|WebSocket|sendBeacon", "".join(plain))
    assert not re.search(r"https?:|innerHTML", "".join(plain[1:]))


def test_the_vendored_files_are_those_of_the_release() -> None:
    folder = _REPORTS / "vendor" / "uplot"
    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {"LICENSE", "uPlot.iife.min.js", "uPlot.min.css"}
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_what_is_vendored_goes_with_its_licence(page: Page) -> None:
    html = render(page)
    assert "Copyright (c) 2022 Leon Sorokin" in html
    assert "this permission notice shall be included" in html


def test_hostile_strings_are_shown_and_do_nothing(page: Page) -> None:
    html = render(hostile(page))
    tree = _parse(html)
    assert not list(tree.iter("img"))
    assert not re.search("[\x00\x1b\u202e\u2066\u05d0\u200b]", html)
    assert HOSTILE_SHOWN in _text(_by_id(tree, "host"))
    for field in ("title", "created", "design"):
        assert HOSTILE_SHOWN + getattr(page, field) in _text(tree)
    for name in ("verdict", "results", "spectra", "cautions", "settings", "passport", "reproduce"):
        assert HOSTILE_SHOWN in _text(_by_id(tree, name)), name


def test_hostile_strings_change_no_structure(page: Page) -> None:
    def structure(html: str) -> list[str]:
        return [str(element.tag) for element in _parse(html).iter()]

    calm = replace(
        page,
        rows=tuple(replace(row, outcome="x" + row.outcome) for row in page.rows),
        settings=tuple(replace(row, verdict="x" + row.verdict) for row in page.settings),
    )
    assert structure(render(hostile(calm))) == structure(render(calm))


def test_the_data_of_the_results_reads_back(page: Page) -> None:
    data = ({"schema": "lltool.result/1", "label": HOSTILE}, {"schema": "lltool.result/1", "label": "b"})
    tree = _parse(render(replace(page, data=data)))
    assert [json.loads(_by_id(tree, f"result-{place}").text or "") for place in (1, 2)] == list(data)


def test_data_that_json_cannot_hold_is_named(page: Page) -> None:
    data = ({"value": 1.0}, {"value": float("inf")})
    with pytest.raises(InvalidInput) as caught:
        render(replace(page, data=data))
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["result 2"]


def test_the_page_answers_in_the_order_of_a_sceptic(page: Page) -> None:
    tree = _parse(render(page))
    headings = [_text(heading) for heading in tree.iter("h2")]
    assert headings == [
        "Verdict",
        "By how much",
        "Benchmark by benchmark",
        "Cautions",
        "Noise by cause",
        "Settings",
        "Host",
        "Passport",
        "How to reproduce",
    ]
    assert [_text(heading) for heading in tree.iter("h1")] == [page.title]
    assert _text(_by_id(tree, "verdict")).startswith("Verdict The wake-up of a timer fell")


def test_every_figure_and_reason_is_in_the_table_under_its_heads(page: Page) -> None:
    results = _by_id(_parse(render(page)), "results")
    rows = [[_text(cell) for cell in row] for row in results.iter("tr")]
    heads = ["Benchmark", "Metric", "untuned", "tuned", "Change", "95 % interval", "Runs", "Verdict and reason"]
    tables = list(results.iter("table"))
    assert rows.count(heads) == len(tables)
    assert all(table.find("caption") is not None for table in tables)
    plain = [" ".join(cells).replace("\u2007", "").replace("\u2008", "") for cells in rows]
    for row in page.rows:
        shown = " ".join(text or _ABSENT for text in (row.before, row.after, row.change))
        assert any(shown in text and row.reason in text and row.outcome in text for text in plain), row


def test_a_budget_is_a_line_in_the_picture_and_a_sentence_of_its_description(page: Page) -> None:
    (line, *_) = page.charts[0].spectra
    near, far = line.points[0][1] * 1.5, line.points[0][1] * 1e6
    budgets = (BudgetLine(0.99, near, "p99 < near"), BudgetLine(0.999, far, "p99.9 < far"))
    html = render(replace(page, charts=(replace(page.charts[0], budgets=budgets),)))
    assert html.count('class="limit"') == 1
    assert "budget: p99 &lt; near</text>" in html
    assert "Budget: p99.9 &lt; far." in html


def test_what_the_figures_rest_on_stands_by_the_verdict(page: Page) -> None:
    verdict = _text(_by_id(_parse(render(replace(page, quality=(("Runs", "9 of 10"),)))), "verdict"))
    assert "What the figures rest on Runs9 of 10" in verdict
    assert "Nothing is known about the quality of the data." in _text(_by_id(_parse(render(page)), "verdict"))


def test_an_unsettled_figure_is_marked_with_a_word(page: Page) -> None:
    rows = (replace(page.rows[0], unsettled=True), replace(page.rows[1], unsettled=False))
    tree = _parse(render(replace(page, rows=rows)))
    marked = [row for row in _by_id(tree, "results").iter("tr") if "unsettled" in _text(row)]
    assert len(marked) == 1


def test_outcomes_and_verdicts_have_a_word_and_a_mark(page: Page) -> None:
    words = [e for e in _parse(render(page)).iter("span") if (e.get("class") or "").startswith("word ")]
    marks = {_text(word)[1:]: (word[0].text, word[0].get("aria-hidden")) for word in words}
    assert {"better", "worse", "equivalent", "inconclusive", "not compared", "ok", "refused", "drift"} <= set(marks)
    outcomes = [marks[name] for name in ("better", "worse", "equivalent", "inconclusive", "not compared")]
    assert len(set(outcomes)) == 5
    assert all(hidden == "true" for _, hidden in marks.values())


def test_an_outcome_may_be_an_enumeration(page: Page) -> None:
    outcome = StrEnum("outcome", {"BETTER": "better"})
    rows = tuple(replace(row, outcome=outcome("better")) for row in page.rows)
    assert "better" in _text(_by_id(_parse(render(replace(page, rows=rows))), "results"))


def test_every_chart_is_named_described_and_followed_by_its_data(page: Page) -> None:
    tree = _parse(render(page))
    for place, chart in enumerate(page.charts, start=1):
        figures = list(_by_id(tree, f"chart-{place}").iter("figure"))
        names = [f"Percentile spectrum of {chart.title}", f"Shift of {chart.title}", f"Runs of {chart.title}"]
        assert [_text(_by_id(figure, _picture(figure).get("aria-labelledby", ""))) for figure in figures] == [*names]
        described = [_text(_by_id(figure, _picture(figure).get("aria-describedby", ""))) for figure in figures]
        assert "p99" in described[0]
        assert "+0.5 % (-2 % to +3 %)" in described[1]
        assert "untuned: p50 of 2 runs from" in described[2]
        tables = [[[_text(cell) for cell in row] for row in figure.iter("tr")] for figure in figures]
        assert [len(table) - 1 for table in tables] == [
            len({q for spectrum in chart.spectra for q, _ in spectrum.points}),
            len(chart.shift),
            len(chart.runs.columns) if chart.runs else 0,
        ]
        assert tables[1][1] == ["50", "+0.5 %", "-2 % to +3 %"]


def _picture(figure: Element) -> Element:
    (found,) = (e for e in figure.iter() if str(e.tag).endswith("svg") and e.get("role") == "img")
    return found


def test_a_band_is_in_the_table_and_in_the_picture(page: Page) -> None:
    (line, *_) = page.charts[0].spectra
    banded = replace(line, band=((0.5, 90.0, 110.0), (0.9, 95.0, 4000.0)))
    html = render(replace(page, charts=(replace(page.charts[0], spectra=(banded,)),)))
    assert 'class="band arm-0"' in html
    assert "<td>90 to 110<td>" in html
    assert "too few for a band" not in html
    assert "too few for a band" in render(page)


def test_pictures_that_cannot_be_drawn_say_why(page: Page) -> None:
    bare = replace(page.charts[0], shift=(), runs=None)
    text = _text(_by_id(_parse(render(replace(page, charts=(bare,)))), "chart-1"))
    assert "No shift: that takes 4 runs in each arm" in text
    assert "No run has durations to draw." in text


def test_settings_show_before_wanted_after_verdict_and_reason(page: Page) -> None:
    settings = _by_id(_parse(render(page)), "settings")
    rows = [[_text(cell) for cell in row] for row in settings.iter("tr")]
    assert ["Setting", "untuned", "Wanted", "tuned", "Verdict", "Reason"] in rows
    assert [
        "TCP low latency modesysctl.net.ipv4.tcp_low_latency",
        "0",
        "1",
        "1",
        "∅no-effect",
        "accepted, but ignored since kernel 4.14",
    ] in rows
    assert [
        "CPUs outside the scheduler's balancingboot.isolcpus",
        _ABSENT,
        "managed_irq,domain,1",
        _ABSENT,
        "\u2260drift",
        "takes a reboot: not staged without --persist",
    ] in rows


def test_a_setting_is_explained_on_demand(page: Page) -> None:
    row = replace(page.settings[2], explanation=(("Why", "Less swapping."), ("Sources", "a kernel document")))
    settings = _by_id(_parse(render(replace(page, settings=(row,)))), "settings")
    (details,) = settings.iter("details")
    assert _text(details) == f"What it is: {row.title}WhyLess swapping.Sourcesa kernel document"


def test_the_topology_is_drawn_as_nested_lists(page: Page) -> None:
    core = Core((Cpu(3, ("isolated",)), Cpu(7, ())), "performance")
    drawn = (Group("Socket 0", (Group("Node 0", (Group("L3 of CPUs 3,7", (), (core,)),)),)),)
    host = _text(_by_id(_parse(render(replace(page, topology=drawn))), "host"))
    assert "Socket 0 Node 0 L3 of CPUs 3,7 3 isolated7" in host
    assert "The topology was not recorded." in _text(_by_id(_parse(render(page)), "host"))


def test_a_history_has_a_picture_and_its_data(page: Page) -> None:
    points = tuple(
        HistoryPoint(place, f"day {place}", "2026", 10.0 * place, 9.0, 50.0, 5, str(place)) for place in (1, 3)
    )
    history = History("tcp.rtt", "TCP round trip", "p50", "us", points)
    section = _by_id(_parse(render(replace(page, histories=(history,), results=3))), "history")
    assert "in 3 results" in _text(section)
    assert "p50 in 2 results: first 10 us, last 30 us" in _text(section)
    rows = [[_text(cell) for cell in row] for row in section.iter("tr")]
    assert rows[2] == ["3", "day 3", "2026", "3", "9", "50", "5"]


def test_one_arm_says_that_there_is_nothing_to_compare(single_arm: Page) -> None:
    tree = _parse(render(single_arm))
    assert "Only one arm was measured (untuned): there is nothing to compare." in _text(_by_id(tree, "verdict"))
    heads = [_text(cell) for cell in next(_by_id(tree, "results").iter("tr"))]
    assert heads == ["Benchmark", "Metric", "untuned", "Runs", "Remarks"]
    assert single_arm.rows[0].before in _text(_by_id(tree, "results"))
    assert "not compared" not in _text(_by_id(tree, "results"))


def test_empty_parts_say_so_in_place(empty_page: Page) -> None:
    tree = _parse(render(empty_page))
    for name, sentence in {
        "verdict": "No arm was measured: there is nothing to compare.",
        "results": "No benchmark gave a figure.",
        "spectra": "No benchmark has a percentile spectrum.",
        "cautions": "No caution was recorded.",
        "noise": "Who disturbs the cores was not recorded",
        "settings": "No setting was recorded.",
        "passport": "No passport was recorded.",
        "reproduce": "No command line was recorded.",
    }.items():
        assert sentence in _text(_by_id(tree, name))

    host = _text(_by_id(tree, "host"))
    for sentence in (
        "Nothing is known about the host.",
        "The topology was not recorded.",
        "The round trips between the cores were not measured",
        "No access time was measured",
        "Neither the pipeline nor a part of it was measured",
    ):
        assert sentence in host
    assert "No tuning transaction belongs to this" in _text(_by_id(tree, "settings"))


def test_the_noise_is_told_by_core_cause_and_gap(page: Page) -> None:
    tree = _parse(render(everything(page)))
    rows = [[_text(cell) for cell in row] for row in _by_id(tree, "noise").iter("tr")]
    assert ["1", "1.2 %", "412", "1.1 us", "44 us", "3.1 ms"] in rows
    assert ["Core", "thread", "timer"] in rows
    assert ["untuned, core 1", "0.9 %", "0.3 %"] in rows
    assert [
        "thread kworker/1:1", "75 %", "9 ms", "12", "3.1 ms", "isolation.workqueue_cpumask", "keep work queues off",
    ] in rows  # fmt: skip
    assert ["44 us", "0", "0.5 s", "not known at this level"] in rows
    assert "untuned, core 0 lost 1.2 %, thread: 0.9 %, timer: 0.3 %" in _text(_by_id(tree, "noise-desc"))


def test_the_longest_operations_are_told_with_what_was_counted(page: Page) -> None:
    text = _text(_by_id(_parse(render(everything(page))), "chart-1"))
    assert "3.1 ms in run 3 (tuned): switched off its core 2 times; interrupts: LOC 12." in text
    assert "Candidates of lltool noise : thread kworker/1:1 (3.1 ms)." in text.replace("noise:", "noise :")
    assert "44 us in run 1 (untuned): nothing that the kernel counts." in text


def test_the_transaction_is_told_in_its_order(page: Page) -> None:
    rows = [[_text(cell) for cell in row] for row in _by_id(_parse(render(everything(page))), "settings").iter("tr")]
    assert ["irq.27.affinity", "/proc/irq/27/smp_affinity", "3", "1", "3", "input/output error"] in rows
    first = rows.index(["sysctl.vm.swappiness", "/proc/sys/vm/swappiness", "60", "0", "0", _ABSENT])
    assert rows[first + 1][0] == "irq.27.affinity"


def test_access_times_and_stages_stand_beside_the_chapter(page: Page) -> None:
    rows = [[_text(cell) for cell in row] for row in _by_id(_parse(render(everything(page))), "host").iter("tr")]
    assert ["Load from L1, centre", "~1 ns", "1.31 ns", "1.3 ns"] in rows
    assert ["Network I/O", "TCP loopback, one way, p99", "< 10 us", "31000 ns", "9100 ns"] in rows
    assert ["unaccounted", "Pipeline, p50", "\u2013", "-12 ns", "310 ns"] in rows


def test_a_comparison_without_a_verdict_says_so(page: Page) -> None:
    assert "No verdict was given." in _text(_by_id(_parse(render(replace(page, verdicts=()))), "verdict"))


def test_a_chart_without_samples_says_so(page: Page) -> None:
    charts = tuple(replace(chart, spectra=()) for chart in page.charts[:1])
    assert "No single operations were timed: there is no spectrum to draw." in _text(
        _by_id(_parse(render(replace(page, charts=charts))), "chart-1")
    )


def test_the_same_page_gives_the_same_text(page: Page) -> None:
    assert render(page) == render(page)


def test_forty_benchmarks_stay_small_and_quick(large_page: Page) -> None:
    started = time.process_time()
    html = render(large_page)
    spent_s = time.process_time() - started
    assert len(html.encode()) < 1_500_000
    assert spent_s < 10, "a tenth of a second is usual; this only catches a runaway"


def test_importing_reports_loads_no_template_engine() -> None:
    program = "import sys, lltool.reports; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=_REPORTS.parent).returncode == 0


def test_a_page_renders_out_of_a_zip_file(tmp_path: Path) -> None:
    archive = tmp_path / "lltool.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name in ("__init__.py", "errors.py"):
            zipped.write(_REPORTS.parent / "lltool" / name, f"lltool/{name}")
        for path in sorted(_REPORTS.rglob("*")):
            if path.suffix in {".py", ".j2", ".css", ".js"} or path.name == "LICENSE":
                zipped.write(path, f"lltool/reports/{path.relative_to(_REPORTS)}")
    searched = [str(archive), *(place for place in sys.path if place.endswith("packages"))]
    program = (
        f"import sys; sys.path[:0] = {searched!r}\n"
        "from lltool.reports import BudgetLine, Core, Cpu, Group, History, HistoryPoint, Page, render\n"
        "page = Page('Zipped', '', '', (), (), (), (), (), (), (), (), ())\n"
        "sys.stdout.write(render.__code__.co_filename + '\\n' + render(page))\n"
    )
    # Without site (-S) no editable install finds lltool before the path is searched.
    command = [sys.executable, "-S", "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    place, _, html = done.stdout.partition("\n")
    assert str(archive) in place
    assert "<h1>Zipped</h1>" in html
