"""The book as one page, printed into a PDF by the browser that the tests use."""

from __future__ import annotations

import sys
from pathlib import Path

from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from site_browser import SETTLED, launch, serve, visit  # noqa: E402

FILL = """pages => document.querySelectorAll('.page-of').forEach(
  number => { number.textContent = pages[number.dataset.of]; })"""
# At the width of the page: a line of code that is broken gets a sign on each line that goes on.
TURN = """() => document.querySelectorAll('.line').forEach(line => {
  const more = Math.round(line.offsetHeight / parseFloat(getComputedStyle(line).lineHeight)) - 1;
  if (more > 0) line.dataset.turns = '\\n↪'.repeat(more);
})"""
UNSET = """[...document.querySelectorAll('.math')].filter(
  formula => !formula.querySelector('.katex')).map(formula => formula.textContent)"""
WIDTH = 658  # of A4 without its margins, in pixels
MINUTES = 3
PASSES = 3


def pages_of(pdf: Path) -> dict[str, int]:
    """The page, counted from 1, on which each place stands that a link leads to."""
    reader = PdfReader(pdf)
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def write_pdf(html: str, site: Path, target: Path) -> None:
    """Print a page that uses the site's files; its `.page-of` are filled with page numbers.

    Raises:
        RuntimeError: If something is missing, or the numbers do not come to rest.
    """
    with serve(site) as base, launch() as browser, visit(browser, base) as visited:
        page = visited.page
        page.set_default_timeout(MINUTES * 60_000)
        page.route(f"{base}paper", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{base}paper", wait_until="load")
        page.emulate_media(media="print")
        page.set_viewport_size({"width": WIDTH, "height": 900})
        page.evaluate(SETTLED)
        page.evaluate(TURN)
        if unset := page.evaluate(UNSET):
            raise RuntimeError(f"formulas that are not set: {', '.join(unset)}")
        before: dict[str, int] = {}
        for _ in range(PASSES):
            page.pdf(path=target, prefer_css_page_size=True, outline=True, tagged=True)
            numbers = pages_of(target)
            if numbers == before:
                break
            page.evaluate(FILL, numbers)
            before = numbers
        else:
            raise RuntimeError(f"after {PASSES} passes the page numbers still change")
        if visited.problems:
            raise RuntimeError("\n".join(visited.problems))
