"""A chapter as slides: what was found stays hidden until it is asked for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from site_browser import SITE, THEMES, choose, violations, visit

pytestmark = pytest.mark.slow
CHAPTERS = sorted(path.name for path in (SITE / "notebooks").glob("[0-9][0-9]_*.html"))


def shown(page: Page) -> list[str]:
    """The text of each block in sight."""
    return [t for t in page.locator("article section > .present-on").all_inner_texts() if t.strip()]


def count(page: Page) -> int:
    """The number of views."""
    return int(page.locator(".present-place").inner_text().split()[-1])


#: of each view, the text of the blocks in sight, and the verdicts
WALK = """(views) => Array.from({length: views}, () => {
  const seen = (selector) =>
    [...document.querySelectorAll(selector)].filter(each => each.checkVisibility());
  const texts = seen("article section > .present-on").map(block => block.innerText);
  const cards = seen(".verdict").map(card => card.id);
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
  return [texts.filter(text => text.trim()), cards];
})"""


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
        settled = page.locator(".verdict").evaluate_all("cards => cards.map(card => card.id)")
        for now, cards in page.evaluate(WALK, count(page)):
            if any("Predict" in text for text in now):
                questions += 1
                assert len(now) <= 3, "a question stands alone under its heading"
            if any(text.startswith("Answer") for text in now):
                answers += 1
            assert answers <= questions, now
            assert len(cards) <= 1
            settled = settled[len(cards) :] if settled[: len(cards)] == cards else [now]
        assert asked == questions == answers
        assert settled == []
        for theme in THEMES:
            choose(page, theme)
            assert violations(page, of_colour=theme == "dark") == []
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


BEAMERS = [(1024, 768), (1280, 720), (1920, 1080)]
#: what of a view lies beside the screen, or cannot be reached above the bar by scrolling
# The hint "more below" stands there if there is more, and only then.
HINTED = """() => {
  const hint = getComputedStyle(document.querySelector(".present-place"), "::after").content;
  return hint.includes("more below") === document.documentElement.scrollHeight > innerHeight;
}"""
CUT_OFF = """() => {
  const bar = document.querySelector(".present-bar").getBoundingClientRect();
  const end = document.documentElement.scrollHeight - (innerHeight - bar.top);
  return [...document.querySelectorAll("article .present-on, article .present-on *")].filter(e => {
    const box = e.getBoundingClientRect();
    return e.checkVisibility() && box.width > 1 && !e.closest(".katex, .copybtn")
      && (box.left < 0 || box.right > innerWidth + 1 || box.bottom + scrollY > end + 1);
  }).map(e => e.outerHTML.slice(0, 120)).slice(0, 3);
}"""


@pytest.mark.parametrize("size", BEAMERS, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("chapter", ["02_vector_to_sequence.html", "09_long_gaps.html"])
def test_nothing_is_cut_off(base: str, browser: Browser, chapter: str, size: tuple) -> None:
    with visit(browser, base) as visited:
        page = visited.page
        page.set_viewport_size({"width": size[0], "height": size[1]})
        visited.go(f"notebooks/{chapter}?present")
        for _ in range(count(page)):
            assert page.evaluate(CUT_OFF) == []
            page.wait_for_function(HINTED)  # pictures may still come
            page.keyboard.press("ArrowRight")


def test_a_tall_view_is_read_to_its_end_before_the_next(base: str, browser: Browser) -> None:
    with visit(browser, base) as visited:
        page = visited.page
        page.set_viewport_size({"width": 1024, "height": 500})
        visited.go(f"notebooks/{CHAPTERS[9]}?present")
        while not page.evaluate("document.documentElement.scrollHeight > innerHeight"):
            page.keyboard.press("ArrowRight")
        first = page.locator(".present-place").inner_text()
        page.keyboard.press("PageDown")
        assert page.evaluate("scrollY") > 0
        assert page.locator(".present-place").inner_text() == first
        page.keyboard.press("ArrowRight")
        assert page.evaluate("scrollY") == 0
        assert page.locator(".present-place").inner_text() != first


def test_buttons_turn_and_figures_keep_their_keys(base: str, browser: Browser) -> None:
    with visit(browser, base) as visited:
        page = visited.page
        visited.go(f"notebooks/{CHAPTERS[1]}?present")
        back, follow = (page.get_by_role("button", name=name) for name in ("Back", "Next"))
        expect(back).to_be_hidden()
        follow.click()
        expect(page.locator(".present-place")).to_contain_text("2 of")
        page.keyboard.press("ArrowRight")  # the button has the focus, and turns no key away
        expect(page.locator(".present-place")).to_contain_text("3 of")
        back.click()
        expect(page.locator(".present-place")).to_contain_text("2 of")
        for button in (back, follow, page.get_by_role("button", name="Leave")):
            box = button.bounding_box()
            assert min(box["width"], box["height"]) >= 44
        slider = page.get_by_role("slider")
        while not slider.first.is_visible():
            page.keyboard.press("ArrowRight")
        place = page.locator(".present-place").inner_text()
        slider.first.focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        expect(slider.first).to_have_value("1")
        assert page.locator(".present-place").inner_text() == place
        expect(page.locator(".present-keys")).to_contain_text("Esc: the keys turn slides again")
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowRight")
        assert page.locator(".present-place").inner_text() != place
        assert visited.problems == []
