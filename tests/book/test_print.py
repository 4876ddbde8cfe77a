"""A page printed from the browser: white, whole, and without what only serves a screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from site_browser import visit

A4 = {"width": 680, "height": 960}  # between the margins of a sheet, in pixels
PAGES = [
    "book/intro", "book/notation", "book/api/steps", "book/benchmarks",
    "notebooks/01_summarise", "notebooks/03_dashed_edges", "notebooks/08_deep",
]  # fmt: skip
#: what is printed of an element that is no drawing: its background, if any, and its text
COLOURS = """() => [...document.querySelectorAll('html, body, article, article *')].filter(e =>
  e.checkVisibility() && getComputedStyle(e).printColorAdjust !== 'exact').map(e => {
    const style = getComputedStyle(e);
    const light = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
                            return a < 0.1 ? null : (r + g + b) / 3; };
    return [light(style.backgroundColor), e.matches('p, li, td, th, figcaption, h1, h2, h3, pre')
            ? light(style.color) : null, e.outerHTML.slice(0, 120)];
  })"""
CUT = """width => [...document.querySelectorAll('article *')].filter(e => {
  if (!e.checkVisibility() || e.closest('.katex-mathml')) return false;
  const scrolls = getComputedStyle(e).overflowX !== 'visible' && e.clientWidth > 1
    && e.scrollWidth > e.clientWidth + 1;  // 1: for screen readers only
  return scrolls || e.getBoundingClientRect().right > width + 1;
}).map(e => e.outerHTML.slice(0, 200))"""
CONTROLS = (
    "button, input, audio, .headerlink, .bd-header, .bd-sidebar-primary, .bd-sidebar-secondary, "
    ".prev-next-footer, .movable-controls"
)


def on_paper(page: Page) -> None:
    page.set_viewport_size(A4)
    page.emulate_media(media="print")


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_what_is_printed_is_white_whole_and_without_controls(base, browser, name):
    with visit(browser, base, theme="dark") as visited:
        page = visited.page
        visited.go(f"{name}.html")
        dark = page.evaluate(COLOURS)
        assert any(background is not None and background < 60 for background, _, _ in dark)
        on_paper(page)
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        colours = page.evaluate(COLOURS)
        assert [what for background, _, what in colours if (background or 255) < 200] == []
        assert [what for _, ink, what in colours if (ink or 0) > 120] == []
        assert page.evaluate(CUT, A4["width"]) == []
        assert page.locator(f":is({CONTROLS}):visible").count() == 0
        expect(page.locator("h1:visible")).to_have_count(1)
        page.emulate_media(media="screen")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert visited.problems == []


@pytest.mark.slow
def test_solutions_are_printed_only_if_the_reader_has_opened_them(base, browser):
    with visit(browser, base) as visited:
        page = visited.page
        visited.go("notebooks/01_summarise.html")
        on_paper(page)
        assert page.locator(".exercise:visible").count() == page.locator(".exercise").count() > 2
        assert page.locator(".solution:visible").count() == 0
        page.emulate_media(media="screen")
        solution = page.locator(".solution").first
        solution.locator(".toggle-button").click()
        on_paper(page)
        expect(solution.locator("section")).to_be_visible()
        assert page.locator(".solution:visible").count() == 1


@pytest.mark.slow
def test_a_movable_figure_prints_the_frame_that_is_shown(base, browser):
    with visit(browser, base) as visited:
        page = visited.page
        visited.go("notebooks/01_summarise.html")
        figure = page.locator(".movable").first
        figure.get_by_role("slider").press("End")
        last = figure.locator(".movable-frames img").last
        expect(last).to_be_visible()
        on_paper(page)
        expect(last).to_be_visible()
        assert figure.locator(".movable-frames img:visible").count() == 1
