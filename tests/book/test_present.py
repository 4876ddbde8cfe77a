"""A chapter as slides: what was found stays hidden until it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from site_browser import SITE, launch, serve, violations, visit

pytestmark = pytest.mark.slow
CHAPTERS = sorted(path.name for path in (SITE / "notebooks").glob("[0-9][0-9]_*.html"))


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launch() as started:
        yield started


def shown(page: Page) -> list[str]:
    """The text of each block in sight."""
    return [t for t in page.locator("article section > .present-on").all_inner_texts() if t.strip()]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_answer_comes_after_its_question(base: str, browser: Browser, chapter: str) -> None:
    with visit(browser, base) as visited:
        visited.go(f"notebooks/{chapter}?present")
        page = visited.page
        whole = page.locator("article p > strong:first-child")
        asked = sum(t.startswith("Predict") for t in whole.all_text_contents())
        assert page.locator("article h1").is_visible()
        assert (
            page.evaluate(
                "parseFloat(getComputedStyle(document.querySelector('article')).fontSize)"
            )
            >= 28
        )
        questions = answers = 0
        before: list[str] = []
        place = page.locator(".present-place")
        for _ in range(int(place.inner_text().split()[-1])):
            now = shown(page)
            new = [text for text in now if text not in before]
            if any(text.startswith("Answer") for text in new):
                answers += 1
                assert any("Predict" in text for text in now), new
            questions += any("Predict" in text and "Answer" not in text for text in new)
            before = now
            page.keyboard.press("ArrowRight")
        assert asked == questions == answers
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(page.locator("body")).not_to_have_class("present")
        assert page.locator("nav.bd-links, .bd-sidebar-primary").first.is_visible()
        assert visited.problems == []


def test_the_way_back_and_a_section_s_address(base: str, browser: Browser) -> None:
    with visit(browser, base) as visited:
        page = visited.page
        visited.go(f"notebooks/{CHAPTERS[1]}")
        page.get_by_role("link", name="Present this chapter").click()
        page.locator("body.present").wait_for()
        first = shown(page)
        page.keyboard.press(" ")
        second = shown(page)
        assert second != first
        page.keyboard.press("PageUp")
        assert shown(page) == first
        page.keyboard.press("End")
        assert "What was seen" in shown(page)[1]
        address = page.url
        page.keyboard.press("Home")
        assert shown(page) == first
        visited.go(address.removeprefix(base))
        page.reload()
        assert "What was seen" in shown(page)[1]
