"""Verdicts on the built site: cards, the places of each statement, and the ledger."""

from __future__ import annotations

import re
from functools import cache

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, expect
from site_browser import ROOT, SITE, violations, visit

from rnn_course import ledger

pytestmark = pytest.mark.slow
STATEMENTS = {s.id: s for s in ledger.load()}
ID = rf"\b{ledger.ID}\b"
VERDICTS = {v.id: v for v in ledger.verdicts(ROOT / "notebooks")}


@cache
def page(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / f"{name}.html").read_bytes(), "html.parser")


def text(element) -> str:
    return " ".join(element.get_text().split())


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_place_of_a_statement_is_the_first_section_that_names_it(name: str) -> None:
    built = page(f"notebooks/{STATEMENTS[name].chapter}")
    headings = [h for h in built.select("article :is(h2, h3)") if name in re.findall(ID, h.text)]
    section = built.find(id=name).find_parent("section")
    assert section.find(["h2", "h3"]) is headings[0]
    sections = [heading.find_parent("section") for heading in headings]
    if figure := built.find(id=f"figure-{name}"):
        assert any(section in figure.parents for section in sections)
        assert figure.parent.select("img, svg, .movable, .typed")
    else:
        assert not [s for s in sections if s.select(".cell_output :is(img, .movable, .typed)")]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_verdict_is_a_card(name: str) -> None:
    statement, verdict = STATEMENTS[name], VERDICTS[name]
    built = page(f"notebooks/{statement.chapter}")
    card = built.find(id=f"verdict-{name}")
    assert text(card.select_one(".verdict-head")) == (
        f"{ledger.OUTCOMES[statement.outcome]} {name} {statement.outcome} "
        f"{ledger.KINDS[statement.kind]} In the ledger"
    )
    assert card.select_one(".verdict-head a")["href"] == f"../book/ledger.html#{name}"
    said = text(card)
    for part in (statement.text, verdict.line.rstrip("."), f"Fails when {statement.saboteur}."):
        assert plain(part) in plain(said)
    bars = card.select("table.bars tbody tr")
    drawn = statement.effect.draw(verdict.figures) if statement.effect else []
    assert [text(bar) for bar in bars] == [f"{d.label} {d.text}" for d in drawn]
    shares = [float(b.select_one(".bar")["style"].split(":")[1]) for b in bars]
    assert shares == pytest.approx([d.share for d in drawn], abs=1e-4)


def plain(words: str) -> str:
    """Without typographic quotes."""
    return words.translate(str.maketrans("’‘“”", "''\"\""))


def test_what_else_was_printed_stays() -> None:
    printed = page("notebooks/09_long_gaps").select(".cell_output .stream pre")
    assert any("LSTM, biases for long gaps    answers" in pre.text for pre in printed)
    for chapter in {s.chapter for s in STATEMENTS.values()}:
        assert not re.search(rf"{ID} settled:", page(f"notebooks/{chapter}").text)


def test_the_slides_lead_to_every_place_there_is() -> None:
    links = {a["href"] for a in page("book/slides").select("article a[href]")}
    for name, statement in STATEMENTS.items():
        if statement.own:
            continue
        chapter = f"notebooks/{statement.chapter}"
        assert f"ledger.html#{name}" in links
        for place in (name, f"figure-{name}", f"verdict-{name}"):
            assert (f"../{chapter}.html#{place}" in links) == bool(page(chapter).find(id=place))


def test_the_figure_of_a_slide_is_one_tap_from_the_slides(base: str, browser: Browser) -> None:
    with visit(browser, base, "phone") as visited:
        visited.go("book/slides.html")
        visited.page.locator("article a[href$='#figure-S5.2']").click()
        visited.page.wait_for_load_state()
        expect(visited.page.locator("[id='figure-S5.2']")).to_be_in_viewport()
        assert visited.problems == []


def test_the_ledger_has_a_row_for_each_statement() -> None:
    built = page("book/ledger")
    for name, statement in STATEMENTS.items():
        row = built.find(id=name).find_parent("section")
        assert {"verdict", statement.kind} <= set(row["class"])
        bars = statement.effect.bars if statement.effect else ()
        assert len(row.select("table.bars .bar")) == len(bars)


def test_the_ledger_is_filtered(base: str, browser: Browser) -> None:
    with visit(browser, base, "phone") as visited:
        visited.go("book/ledger.html")
        page, rows = visited.page, visited.page.locator("section.verdict:visible")
        count = len(STATEMENTS)
        expect(rows).to_have_count(count)
        page.get_by_label("by construction", exact=True).check()
        shown = sum(s.kind == "construction" for s in STATEMENTS.values())
        expect(rows).to_have_count(shown)
        expect(page.get_by_role("status")).to_have_text(f"{shown} of {count} statements")
        page.get_by_role("searchbox", name="Search the statements").fill("padded BATCH")
        expect(rows).to_have_count(1)
        expect(page.locator("article h2:visible")).to_have_count(1)
        assert violations(page) == []
        page.evaluate("location.hash = 'S8.3'")  # a link leads to a row that is filtered out
        expect(page.locator("section.verdict:has([id='S8.3'])")).to_be_in_viewport()
        assert visited.problems == []


def test_without_scripts_the_ledger_has_no_filter(base: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(f"{base}book/ledger.html")
    expect(opened.locator("section.verdict:visible")).to_have_count(len(STATEMENTS))
    expect(opened.locator(".ledger-filter")).to_be_hidden()
    context.close()
