"""The line charts where scripts run: they tell their figures, zoom by pointer and by key, and print whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lltool.reports import Page
from tests.reports.demo import everything

FIGURE = "#chart-1 figure[data-chart]"


@pytest.fixture
def tab(open_page: Callable[..., Any], page: Page) -> Any:
    opened = open_page(everything(page))
    opened.tab.locator(FIGURE).scroll_into_view_if_needed()
    opened.tab.locator(f"{FIGURE} canvas").wait_for()
    return opened.tab


def _looks(tab: Any, figure: str = FIGURE) -> bytes:
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture: bytes = tab.locator(f"{figure} canvas").screenshot()
    return picture


def _said(tab: Any, figure: str = FIGURE) -> str:
    text: str = tab.locator(f"{figure} output").inner_text()
    return text


def _is_whole(tab: Any) -> bool:
    disabled: bool = tab.locator(f"{FIGURE} .zoom-bar button").last.is_disabled()
    return disabled


def test_a_chart_in_view_is_drawn_by_uplot_and_its_drawing_is_still_read_aloud(tab: Any, page: Page) -> None:
    drawing = tab.locator(f"{FIGURE} svg.picture")
    assert drawing.bounding_box()["width"] <= 1
    assert f'img "Percentile spectrum of {page.charts[0].title}"' in tab.locator(FIGURE).aria_snapshot()
    assert tab.locator(f"{FIGURE} canvas").bounding_box()["width"] > 400


def test_a_chart_out_of_view_is_not_drawn_yet(tab: Any) -> None:
    assert tab.locator("figure[data-chart].live").count() < tab.locator("figure[data-chart]").count()


def test_pointing_tells_the_figures_of_the_table(tab: Any) -> None:
    box = tab.locator(f"{FIGURE} .u-over").bounding_box()
    tab.mouse.move(box["x"] + 1, box["y"] + 50)
    cells = [text.strip() for text in tab.locator(f"{FIGURE} tbody tr").first.locator("th, td").all_text_contents()]
    assert _said(tab) == f"p{cells[0]}: untuned {cells[1]} ns, tuned {cells[4]} ns"


def test_dragging_zooms_and_a_double_click_shows_the_whole(tab: Any) -> None:
    whole = _looks(tab)
    assert _is_whole(tab)
    box = tab.locator(f"{FIGURE} .u-over").bounding_box()
    tab.mouse.move(box["x"] + 100, box["y"] + 100)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 250, box["y"] + 300, steps=5)
    tab.mouse.up()
    assert not _is_whole(tab)
    assert _looks(tab) != whole
    tab.locator(f"{FIGURE} .u-over").dblclick(position={"x": 120, "y": 120})
    assert _is_whole(tab)


def test_keys_tell_the_figures_zoom_and_show_the_whole(tab: Any) -> None:
    tab.locator(f"{FIGURE} .zoom").focus()
    heard = []
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
        heard.append(_said(tab).split(":")[0])
    percentiles = tab.locator(f"{FIGURE} tbody tr th").all_text_contents()[:3]
    assert heard == [f"p{percentile}" for percentile in percentiles]
    tab.keyboard.press("+")
    assert not _is_whole(tab)
    tab.keyboard.press("Home")
    assert _is_whole(tab)


def test_buttons_zoom_as_far_as_there_is_something_to_see(tab: Any) -> None:
    closer, wider, whole = tab.locator(f"{FIGURE} .zoom-bar button").all()
    assert (wider.is_disabled(), whole.is_disabled()) == (True, True)
    for _ in range(30):
        closer.click()
    nearest = _looks(tab)
    closer.click()
    assert _looks(tab) == nearest
    for _ in range(40):
        if wider.is_enabled():
            wider.click()
    assert _is_whole(tab)


def test_a_history_is_zoomed_and_told_by_result(tab: Any) -> None:
    figure = "#history figure[data-chart]"
    tab.locator(f"{figure} .zoom").focus()
    tab.keyboard.press("ArrowRight")
    assert _said(tab, figure) == "Result 1, night 1, 2026-11-01: 21.0 us (runs 19 to 27)"


def test_on_paper_the_drawing_is_there_and_the_canvas_is_not(tab: Any) -> None:
    tab.emulate_media(media="print")
    assert tab.locator(f"{FIGURE} svg.picture").bounding_box()["width"] > 200
    assert not tab.locator(f"{FIGURE} canvas").is_visible()
    assert not tab.locator(f"{FIGURE} .zoom-bar").is_visible()


def test_a_desktop_that_turns_dark_draws_anew(tab: Any) -> None:
    light = _looks(tab)
    tab.emulate_media(color_scheme="dark")
    assert _looks(tab) != light


def test_a_narrower_window_draws_narrower(tab: Any) -> None:
    tab.set_viewport_size({"width": 400, "height": 900})
    tab.wait_for_function(f"document.querySelector('{FIGURE} canvas').getBoundingClientRect().width < 390")
