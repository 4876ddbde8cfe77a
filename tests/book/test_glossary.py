"""The glossary, on the built site: each of its terms is used, and linked where it is first read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
LINK = "glossary.html#"
# What is no running prose: code, formulas, headings, what a fold or an output holds, other links.
ASIDE = (
    "pre, code, .math, h1, h2, h3, details, .teaching, .cell, img, .admonition-title, "
    ".caption-number"
)


def entries(html: str) -> list[dict[str, str]]:
    """The glossary: for each entry its anchors, and the names they stand for."""
    found: list[dict[str, str]] = []
    names: dict[str, str] = {}
    for tag in BeautifulSoup(html, "html.parser").select("dl.glossary > dt, dl.glossary > dd"):
        if tag.name == "dt":
            names[str(tag["id"])] = tag.find(string=True, recursive=False).strip()
        else:
            found.append(names)
            names = {}
    return found


def read(html: str) -> tuple[str, dict[str, int]]:
    """The prose of a page, and where in it the glossary is linked for the first time, by anchor."""
    article = BeautifulSoup(html, "html.parser").select_one("article")
    for tag in article.select(ASIDE):
        tag.replace_with(" | ")
    text, links = "", {}
    for string in article.find_all(string=True):
        link = string.find_parent("a")
        if link is None:
            text += string
        elif LINK in link["href"]:
            links.setdefault(link["href"].split("#")[1], len(text))
            text += " | "
    return text, links


def first(name: str, text: str) -> int | None:
    """Where a name, or its plural, is first written out."""
    words = r"[\s-]+".join(map(re.escape, re.split(r"[ -]", name)))
    found = re.search(rf"(?<![\w-]){words}(?:s|es)?(?![\w-])", text, 0 if name.isupper() else re.I)
    return found and found.start()


def unlinked(glossary: list[dict[str, str]], pages: dict[str, str]) -> list[str]:
    """The terms that are read before their first link, and the terms that no page uses."""
    left, wrong = list(glossary), []
    for page, html in pages.items():
        text, links = read(html)
        for entry in list(left):
            written = [at for name in entry.values() if (at := first(name, text)) is not None]
            linked = [links[anchor] for anchor in entry if anchor in links]
            if written or linked:
                left.remove(entry)
                if written and min(written) < min(linked, default=len(text)):
                    around = text[max(0, min(written) - 60) : min(written) + 40]
                    wrong.append(f"{page}: {' '.join(around.split())}")
    return wrong + [f"nowhere: {next(iter(entry.values()))}" for entry in left]


@pytest.mark.slow
def test_each_term_is_linked_where_it_is_first_read():
    glossary = entries((SITE / "book" / "glossary.html").read_text(encoding="utf-8"))
    chapters = sorted((SITE / "notebooks").glob("[0-9][0-9]_*.html"))
    assert len(glossary) > 80 and chapters
    assert unlinked(glossary, {p.stem: p.read_text(encoding="utf-8") for p in chapters}) == []


GLOSSARY = entries(
    '<dl class="glossary"><dt id="term-gate">gate<a>#</a></dt><dd>Opens.</dd>'
    '<dt id="term-BPTT">BPTT<a>#</a></dt><dt id="term-back">back-propagation</dt><dd>.</dd></dl>'
)
GATE = '<a href="../book/glossary.html#term-gate">gates</a>'
BACK = '<a href="../book/glossary.html#term-back">back-propagation</a>'


@pytest.mark.parametrize(
    ("pages", "wrong"),
    [
        ([f"{GATE}, then gates; by {BACK}"], 0),
        ([f"{GATE}", f"a gate; by {BACK}"], 0),
        ([f"a gate; then {GATE}; by {BACK}"], 1),
        ([f"two gates; by {BACK}", GATE], 1),
        ([f"<pre>gate</pre> {GATE}; by {BACK}"], 0),
        ([f"{GATE}, back propagation, {BACK}"], 1),
        ([f"{GATE}; bptt is no word, BPTT is"], 1),
        ([GATE], 1),
    ],
)
def test_a_term_without_its_link_is_found(pages, wrong):
    html = {str(i): f"<article>{page}</article>" for i, page in enumerate(pages)}
    assert len(unlinked(GLOSSARY, html)) == wrong
