"""The page in a real browser: a silent console, no request, no layout that leaves the window, every picture named."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from lltool.reports import Page, render
from tests.reports.demo import HOSTILE_SHOWN, everything, hostile

KINDS = ["whole", "everything", "single arm", "empty", "hostile"]
UNFOLD = "for (const part of document.querySelectorAll('details')) part.open = true"


@pytest.fixture(params=KINDS)
def any_page(request: pytest.FixtureRequest, page: Page, single_arm: Page, empty_page: Page) -> Page:
    whole = everything(page)
    pages = {
        "whole": page,
        "everything": whole,
        "single arm": single_arm,
        "empty": empty_page,
        "hostile": hostile(whole),
    }
    return pages[request.param]


def _read_through(tab: Any) -> None:
    """Unfold everything and scroll through, so that every chart is drawn."""
    tab.evaluate(UNFOLD)
    height = tab.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 700):
        tab.evaluate(f"scrollTo(0, {top})")
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.mark.parametrize("width", [400, 1240])
def test_a_page_says_nothing_asks_for_nothing_and_keeps_to_the_window(
    open_page: Callable[..., Any], any_page: Page, width: int
) -> None:
    opened = open_page(any_page, width)
    _read_through(opened.tab)
    assert opened.said == []
    assert [url for url in opened.asked if not url.endswith("/report.html")] == []
    page_px, window_px = opened.tab.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert page_px <= window_px, "wide tables scroll inside their box"
    assert opened.tab.evaluate("getComputedStyle(document.querySelector('h1')).fontWeight") == "650", (
        "the style is in force"
    )


def test_the_console_would_have_been_heard(open_document: Callable[..., Any], page: Page) -> None:
    opened = open_document(render(page).replace("</main>", "</main><script>alert(1)</script><img src=x.png>"))
    assert any("Content Security Policy" in said for said in opened.said)


def test_hostile_text_is_read_as_text(open_page: Callable[..., Any], page: Page) -> None:
    opened = open_page(hostile(everything(page)))
    _read_through(opened.tab)
    assert HOSTILE_SHOWN in opened.tab.locator("h1").inner_text()
    assert opened.tab.locator("img, iframe, object").count() == 0
    holder = opened.tab.locator(".zoom").first
    holder.scroll_into_view_if_needed()
    holder.locator(".u-over").wait_for()
    holder.focus()
    opened.tab.keyboard.press("ArrowRight")
    assert HOSTILE_SHOWN in opened.tab.locator(".zoom-bar output").first.inner_text()


def test_every_picture_has_a_name_and_a_description(open_page: Callable[..., Any], any_page: Page) -> None:
    tab = open_page(any_page).tab
    _read_through(tab)
    heard = tab.context.new_cdp_session(tab).send("Accessibility.getFullAXTree")["nodes"]
    pictures = [node for node in heard if node.get("role", {}).get("value") in {"image", "img"} and not node["ignored"]]
    assert all(node["name"]["value"] and node["description"]["value"] for node in pictures)
    assert len({node["name"]["value"] for node in pictures}) == len(pictures), "each has a name of its own"
    drawn = len(pictures)
    others = bool(any_page.noise) + bool(any_page.levels) + bool(any_page.stages)
    assert drawn == 3 * len(any_page.charts) - _undrawn(any_page) + len(any_page.histories) + others


def _undrawn(page: Page) -> int:
    return sum((not chart.spectra) + (not chart.shift) + (chart.runs is None) for chart in page.charts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(open_page: Callable[..., Any], page: Page, single_arm: Page, scheme: str) -> None:
    package = find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe-playwright-python")
    # The page's own policy would stop axe; that it is in force has a test of its own.
    shown = everything(page) if scheme == "light" else everything(single_arm)
    tab = open_page(shown, bypass_csp=True, color_scheme=scheme).tab
    _read_through(tab)
    tab.evaluate(Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run()")["violations"]
    assert [(fault["impact"], fault["id"], fault["nodes"][0]["target"]) for fault in found] == []


def test_a_dark_desktop_gets_a_dark_page(open_page: Callable[..., Any], page: Page) -> None:
    def brightness(scheme: str) -> float:
        tab = open_page(page, color_scheme=scheme).tab
        text = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", text))) / (3 * 255)

    assert brightness("dark") < 0.2
    assert brightness("light") > 0.8


def _benchmarks(tab: Any) -> list[str]:
    names: list[str] = tab.locator("#results tbody th code").locator("visible=true").all_inner_texts()
    return names


def test_the_figures_are_sorted_within_their_sections(open_page: Callable[..., Any], page: Page) -> None:
    tab = open_page(page).tab
    names = list(dict.fromkeys(row.benchmark for row in page.rows))
    assert _benchmarks(tab) == names
    changes = {row.benchmark: row.change for row in page.rows if row.headline}
    ring, seqlock, book = (float(changes[name].split()[0]) for name in ("spsc.hop", "seqlock.read", "book.l2_update"))
    assert seqlock < ring < book, "the figures of the fixture are in this order"
    change = tab.get_by_role("button", name="Change", exact=True)
    change.click()
    up = _benchmarks(tab)
    assert up[2:5] == ["seqlock.read", "spsc.hop", "book.l2_update"]
    change.press("Enter")
    down = _benchmarks(tab)
    assert down[2:5] == ["book.l2_update", "spsc.hop", "seqlock.read"]
    assert up[:2] == down[:2] == ["memory.chase_4k", "memory.chase_huge"], "what has no figure is last"
    sorted_head = tab.locator("#results [aria-sort]")
    assert (sorted_head.get_attribute("aria-sort"), sorted_head.inner_text()[:6]) == ("descending", "Change")


def test_the_figures_are_filtered(open_page: Callable[..., Any], page: Page) -> None:
    tab = open_page(page).tab
    names = _benchmarks(tab)
    field = tab.get_by_role("searchbox", name="Filter the figures")
    field.fill("tcp BETTER")
    assert set(_benchmarks(tab)) == {"tcp.rtt", "tcp.rtt_tuned"}
    assert re.fullmatch(r"\d of \d+ groups of figures", tab.locator("#results output").inner_text())
    field.fill("")
    assert _benchmarks(tab) == names


def test_without_scripts_every_picture_and_figure_is_there(open_page: Callable[..., Any], page: Page) -> None:
    tab = open_page(page, java_script_enabled=False).tab
    for picture in tab.locator("svg[role=img]").all():
        assert picture.bounding_box()["width"] > 300
    assert tab.locator(".zoom, .zoom-bar, .filter, thead button").count() == 0
