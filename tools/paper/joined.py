"""The pages of the built site as one page, as it will be printed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

from rnn_course.address import BRANCH, REPOSITORY, SITE, VERSION
from tools.paper.adapt import adapt, fragment, page_of, take_solutions
from tools.paper.bundle import MARK

ROOT = Path(__file__).resolve().parents[2]
CSS = Path(__file__).with_name("paper.css")
CONFIG, TOC = (
    yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    for name in ("_config.yml", "_toc.yml")
)
#: a hundred pages to look things up in, which is what the site and the search are for
LEFT_OUT = "book/api/"
#: attributes that name an element, or several
NAMING = {"id", "for", "aria-labelledby", "aria-describedby", "aria-controls"}


@dataclass
class Page:
    """A page of the site, as a chapter of the printed book."""

    name: str
    part: str
    anchor: str
    soup: BeautifulSoup

    @property
    def article(self) -> Tag:
        """What stands in the page."""
        return self.soup.select_one("article.bd-article")

    @property
    def title(self) -> str:
        """The page's heading."""
        return self.article.h1.get_text().strip().removesuffix("#")


def read(path: Path) -> BeautifulSoup:
    """A page of the site."""
    return BeautifulSoup(path.read_bytes(), "html.parser")


def listed(root: BeautifulSoup, name: str) -> Iterator[tuple[str, str]]:
    """The pages in the root page's table of contents, in order, each with its part."""
    part = ""
    yield name, part
    for entry in root.select("nav.bd-links p.caption, nav.bd-links a.reference.internal"):
        if entry.name == "p":
            part = entry.get_text().strip()
        elif not entry["href"].startswith("#"):
            yield within(name, entry["href"]).removesuffix(".html"), part


def within(name: str, path: str) -> str:
    """Where a relative path on a page leads, seen from the top of the site."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(path)))


def pages(site: Path) -> list[Page]:
    """The pages that are printed."""
    root = TOC["root"]
    found = listed(read(site / f"{root}.html"), root)
    return [
        Page(name, part, f"c{number}", read(site / f"{name}.html"))
        for number, (name, part) in enumerate(found)
        if not name.startswith(LEFT_OUT)
    ]


def lead(page: Page, anchors: dict[str, str]) -> None:
    """Let links lead into the book where it has their target, and name things once in it."""
    for tag in page.article.find_all(True):
        for name in tag.attrs.keys() & {"src", "href"}:
            tag[name] = place(page, tag[name], anchors if tag.name == "a" else None)
        for name in tag.attrs.keys() & NAMING:
            tag[name] = " ".join(f"{page.anchor}-{each}" for each in tag[name].split())
    page.article["id"] = page.anchor


def place(page: Page, address: str, anchors: dict[str, str] | None = None) -> str:
    """Where an address on a page leads: into the book, to a page of the site, or to its file."""
    url = urlsplit(address)
    if url.scheme or url.netloc:
        return address
    path = within(page.name, url.path) if url.path else f"{page.name}.html"
    if anchors is None:
        return f"/{quote(path)}"
    if anchor := anchors.get(path.removesuffix(".html")):
        return f"#{anchor}-{unquote(url.fragment)}" if url.fragment else f"#{anchor}"
    return urljoin(SITE, quote(path)) + (f"#{url.fragment}" if url.fragment else "")


def joined(site: Path) -> str:
    """The whole book as one page; addresses that begin with / are those of the site's files."""
    chapters = pages(site)
    anchors = {page.name: page.anchor for page in chapters} | {"index": chapters[0].anchor}
    head, solutions = [], []
    for page in chapters:
        for sheet in page.soup.select("head link[rel=stylesheet]"):
            if "print.css" not in sheet["href"]:
                sheet["href"] = place(page, sheet["href"])
                head.append(str(sheet))
        lead(page, anchors)
        adapt(page.article, f"{SITE}{page.name}.html")
        if taken := take_solutions(page.article):
            solutions.append((page, taken))
    titles = {page.anchor: page.title for page in chapters} | {"solutions": "Solutions"}
    running = "".join(
        f"#{anchor} {{ page: {anchor} }}\n"
        f"@page {anchor} {{ @top-left {{ content: {quoted(title)} }} }}\n"
        for anchor, title in titles.items()
    )
    return "\n".join(
        [
            '<!doctype html><html lang="en" data-theme="light" data-mode="light"><head>'
            f'<meta charset="utf-8"><title>{escape(CONFIG["title"])}</title>',
            *dict.fromkeys(head),
            f"<style>{CSS.read_text(encoding='utf-8')}{running}</style></head><body>",
            title_page(),
            contents(chapters),
            *(str(page.article) for page in chapters),
            solution_chapter(solutions),
            "</body></html>",
        ]
    )


def quoted(text: str) -> str:
    """A text as a string of CSS."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def title_page() -> str:
    """The first page: what this is, of which version, and where the rest is."""
    notebooks = f"{REPOSITORY}/tree/{BRANCH}"
    licence = CONFIG["html"]["extra_footer"].replace(MARK, "")
    return f"""
<div class="title-page">
<img src="/_static/logo.svg" alt="">
<p class="title">{escape(CONFIG["title"])}</p>
<p>{escape(CONFIG["author"])}</p>
<p>Version {VERSION}</p>
<p class="about">This is <a href="{SITE}">the site</a> on paper. Of a figure that moves there, you
see three frames. Code that only draws, measures or judges is named in one line;
<a href="{notebooks}">the notebooks</a> have all of it. The solutions to the exercises stand at the
end. The <a href="{SITE}{LEFT_OUT}index.html">reference of the package</a> is left out.</p>
<p class="about">{licence}</p>
</div>"""


def contents(chapters: list[Page]) -> str:
    """The table of contents: parts, pages and their sections."""
    rows, part = [], ""
    for page in chapters:
        if page.part != part:
            part = page.part
            rows.append(f'<p class="part">{escape(part)}</p>')
        rows.append(row("chapter-row", page.anchor, page.title))
        for heading in page.article.select("section > h2"):
            rows.append(row("section-row", heading.parent["id"], heading.get_text().strip("#")))
    rows += ['<p class="part">At the end</p>', row("chapter-row", "solutions", "Solutions")]
    return f'<nav class="toc"><h1>Contents</h1>{"".join(rows)}</nav>'


def row(kind: str, anchor: str, text: str) -> str:
    """A line of the table of contents."""
    return f'<p class="{kind}"><a href="#{anchor}">{escape(text)}</a>{page_of(anchor)}</p>'


def solution_chapter(solutions: list[tuple[Page, list[Tag]]]) -> str:
    """All solutions, by chapter."""
    chapter = fragment('<article id="solutions" class="bd-article"><h1>Solutions</h1></article>')
    for page, taken in solutions:
        chapter.article.append(fragment(f"<section><h2>{escape(page.title)}</h2></section>"))
        chapter.select("section")[-1].extend(taken)
    return str(chapter)
