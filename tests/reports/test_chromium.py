"""The page in a real browser: no console message, no request, no layout that leaves the window."""

from __future__ import annotations

import http.server
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from lltool.reports import Page, render

_CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not _CHROMIUM.exists(), reason="needs /usr/bin/chromium")

_PROBE = """<script>
addEventListener("load", () => {
  const frame = document.querySelector("iframe").contentDocument;
  for (const details of frame.querySelectorAll("details")) details.open = true;
  const page = frame.documentElement;
  const style = (selector) => frame.defaultView.getComputedStyle(frame.querySelector(selector));
  document.body.dataset.facts = [
    page.scrollWidth - page.clientWidth, style("body").backgroundColor, frame.styleSheets.length,
    style("h1").fontWeight, frame.querySelectorAll("svg[role=img]").length,
  ].join("|");
});
</script>"""


@pytest.fixture
def chromium(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        profile = tmp_path / "profile"
        command = [
            str(_CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage",
            f"--user-data-dir={profile}", "--enable-logging=stderr", "--v=0", *arguments,
        ]  # fmt: skip
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder served on loopback, its address, and the paths that were asked for."""
    asked: list[str] = []
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the base class's
            del format, arguments
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def _console(run: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r".*CONSOLE.*", run.stderr)


def test_the_page_opens_from_a_file_without_a_word_on_the_console(
    chromium: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, page: Page
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(page), encoding="utf-8")
    run = chromium("--dump-dom", path.as_uri())
    assert _console(run) == []
    assert page.title in run.stdout
    assert run.stdout.count('role="img"') == 3 * len(page.charts)


def test_the_console_would_have_been_heard(
    chromium: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, page: Page
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(page).replace("</main>", "</main><script>alert(1)</script>"), encoding="utf-8")
    assert any("Content Security Policy" in line for line in _console(chromium("--dump-dom", path.as_uri())))


def _facts(
    chromium: Callable[..., subprocess.CompletedProcess[str]],
    served: tuple[Path, str, list[str]],
    page: Page,
    width: int,
    *arguments: str,
    probe: str = _PROBE,
) -> list[str]:
    folder, address, _ = served
    (folder / "report.html").write_text(render(page), encoding="utf-8")
    (folder / "probe.html").write_text(
        f'<!DOCTYPE html><body><iframe src="report.html" width="{width}" height="900"></iframe>{probe}',
        encoding="utf-8",
    )
    run = chromium("--dump-dom", *arguments, f"{address}/probe.html")
    found = re.search(r'data-facts="([^"]*)"', run.stdout)
    assert found, run.stdout[:500] + run.stderr[-500:]
    return found[1].split("|")


@pytest.mark.parametrize("width", [400, 1240])
def test_wide_tables_scroll_inside_their_box_and_the_body_never(
    chromium: Callable[..., subprocess.CompletedProcess[str]],
    served: tuple[Path, str, list[str]],
    page: Page,
    width: int,
) -> None:
    overflow_px, _, sheets, weight, pictures = _facts(chromium, served, page, width)
    assert overflow_px == "0"
    assert (sheets, weight) == ("1", "650"), "the policy let the style of the page through"
    assert pictures == str(3 * len(page.charts))


def test_a_dark_desktop_gets_a_dark_page(
    chromium: Callable[..., subprocess.CompletedProcess[str]], served: tuple[Path, str, list[str]], page: Page
) -> None:
    dark = _facts(chromium, served, page, 800, "--blink-settings=preferredColorScheme=0")
    light = _facts(chromium, served, page, 800, "--blink-settings=preferredColorScheme=1")
    brightness = [sum(map(int, re.findall(r"\d+", background))) for background in (dark[1], light[1])]
    assert brightness[0] < 0.2 * 3 * 255
    assert brightness[1] > 0.8 * 3 * 255


def test_the_page_asks_for_nothing(
    chromium: Callable[..., subprocess.CompletedProcess[str]], served: tuple[Path, str, list[str]], page: Page
) -> None:
    _facts(chromium, served, page, 800)
    _, _, asked = served
    assert set(asked) - {"/favicon.ico"} == {"/probe.html", "/report.html"}


_USER = """<script>
addEventListener("load", () => {
  const frame = document.querySelector("iframe").contentDocument;
  const benchmarks = () => [...frame.querySelectorAll("#results tbody")]
    .filter((body) => !body.closest("[hidden], details:not([open])"))
    .map((body) => body.querySelector("code").textContent);
  const click = (name) => [...frame.querySelectorAll("#results thead button")]
    .find((button) => button.textContent === name).click();
  const type = (text) => {
    const field = frame.querySelector("#results input");
    field.value = text;
    field.dispatchEvent(new frame.defaultView.Event("input"));
  };
  const seen = [benchmarks()];
  click("Change"); seen.push(benchmarks());
  click("Change"); seen.push(benchmarks());
  const sorted = frame.querySelector("#results [aria-sort]");
  seen.push([sorted.getAttribute("aria-sort"), sorted.textContent]);
  type("tcp BETTER"); seen.push([...new Set(benchmarks())]);
  seen.push([frame.querySelector("#results output").textContent]);
  type(""); seen.push(benchmarks());
  document.body.dataset.facts = seen.map((list) => list.join(" ")).join("|");
});
</script>"""


def test_the_figures_are_sorted_within_their_sections_and_filtered(
    chromium: Callable[..., subprocess.CompletedProcess[str]], served: tuple[Path, str, list[str]], page: Page
) -> None:
    first, up, down, head, filtered, told, again = _facts(chromium, served, page, 1240, probe=_USER)
    names = list(dict.fromkeys(row.benchmark for row in page.rows))
    assert first.split() == names
    changes = {row.benchmark: row.change for row in page.rows if row.headline}
    ring, seqlock, book = (float(changes[name].split()[0]) for name in ("spsc.hop", "seqlock.read", "book.l2_update"))
    assert seqlock < ring < book, "the figures of the fixture are in this order"
    assert up.split()[2:5] == ["seqlock.read", "spsc.hop", "book.l2_update"]
    assert down.split()[2:5] == ["book.l2_update", "spsc.hop", "seqlock.read"]
    assert up.split()[:2] == down.split()[:2] == ["memory.chase_4k", "memory.chase_huge"], "what has no figure is last"
    assert head == "descending Change"
    assert sorted(filtered.split()) == ["tcp.rtt", "tcp.rtt_tuned"]
    assert re.fullmatch(r"\d of \d+ groups of figures", told)
    assert sorted(again.split()) == sorted(names)


def test_axe_finds_no_fault(
    chromium: Callable[..., subprocess.CompletedProcess[str]], served: tuple[Path, str, list[str]], page: Page
) -> None:
    package = find_spec("axe_core_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe-core-python")
    folder, address, _ = served
    (folder / "axe.js").write_bytes(Path(package.origin).with_name("axe.min.js").read_bytes())
    # The page's own policy would stop axe.
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render(page))
    (folder / "axed.html").write_text(html.replace("</body>", f'<script src="axe.js"></script>{_AXE}</body>'), "utf-8")
    run = chromium("--dump-dom", "--virtual-time-budget=60000", f"{address}/axed.html")
    found = re.search(r'data-axe="([^"]*)"', run.stdout)
    assert found, run.stderr[-500:]
    assert found[1] == ""


_AXE = """<script>
for (const details of document.querySelectorAll("details")) details.open = true;
axe.run().then((found) => {
  document.body.dataset.axe = found.violations.map((fault) =>
    `${fault.impact} ${fault.id} ${fault.nodes.length}: ${fault.nodes[0].target}`).join("; ");
});
</script>"""
