"""Pages for every test of this folder, and a browser that hears every word of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from lltool.reports import Page, render
from tests.reports.demo import demo_page

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def page() -> Page:
    return demo_page()


@pytest.fixture
def large_page() -> Page:
    return demo_page(copies=4)


@pytest.fixture
def single_arm(page: Page) -> Page:
    return replace(
        page,
        arms=("untuned",),
        verdicts=(),
        rows=tuple(
            replace(row, after="", change="", interval="", outcome="not compared", reason="") for row in page.rows
        ),
        charts=tuple(replace(chart, spectra=chart.spectra[:1], shift=()) for chart in page.charts),
    )


@pytest.fixture
def empty_page() -> Page:
    return Page("Nothing", "2026-11-24", "sequential", (), (), (), (), (), (), (), (), ())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, steered by Playwright, whose event loop must not outlive the tests that need it."""
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        # As root Chromium has no sandbox, and in a container /dev/shm is small.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield started
        started.close()


@dataclass(slots=True)
class Opened:
    """A page in a tab, with every word on its console, every error and every request since it was opened."""

    tab: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def open_document(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens HTML from a file; ``options`` are those of a browser context."""
    with ExitStack() as stack:

        def opened(html: str, width: int = 1240, **options: Any) -> Opened:
            path = tmp_path / "report.html"
            path.write_text(html, encoding="utf-8")
            context = browser.new_context(viewport={"width": width, "height": 900}, **options)
            stack.callback(context.close)
            new = Opened(context.new_page())
            new.tab.on("console", lambda message: new.said.append(message.text))
            new.tab.on("pageerror", lambda error: new.said.append(str(error)))
            new.tab.on("request", lambda request: new.asked.append(request.url))
            new.tab.goto(path.as_uri())
            return new

        yield opened


@pytest.fixture
def open_page(open_document: Callable[..., Opened]) -> Callable[..., Opened]:
    """Opens what a page renders to."""

    def opened(page: Page, width: int = 1240, **options: Any) -> Opened:
        return open_document(render(page), width, **options)

    return opened
