"""The welcome page: chapters as cards, the map of the book, a movable figure of a chapter.

All of it is read from the chapters and the ledger, so that none of it can go stale.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from bookmap import svg
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective
from thumbnails import thumbnail

from rnn_course import ledger, ledger_report
from rnn_course.notebooks import chapters, read

QUESTION = re.compile(r"\*\*([^*]+\?)\*\*")
NEEDS = re.compile(r"\*\*You need:?\*\*.*?(?=\n\s*\n|\Z)", re.DOTALL)
DOC = re.compile(r"\{doc\}`(?:[^`<]*<)?(\w+)>?`")
FIRST = {"loading": "eager", "fetchpriority": "high"}
ALSO = "book/which_network"  # what stands with the chapters, but is no notebook


class Chapter(NamedTuple):
    """What the welcome page says of a chapter.

    Attributes:
        page: Its name in the table of contents.
        question: The one that it opens with.
        needs: The stems of the chapters named in its line "You need".
    """

    page: str
    title: str
    question: str
    needs: list[str]

    @property
    def stem(self) -> str:
        """The name of the file."""
        return self.page.rpartition("/")[2]


def found(root: Path) -> list[Chapter]:
    """The chapters of the book, in order.

    Raises:
        ValueError: If a chapter does not open with a question, or does not say what it needs.
    """
    paths = chapters(root / "notebooks")
    stems = {path.stem for path in paths}
    made = []
    for path in paths:
        cells = read(path)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        question, needs = QUESTION.search(text), NEEDS.search(text)
        if not (title and question and needs):
            raise ValueError(f"{path.name}: no title, no opening question or no line 'You need'")
        named = [stem for stem in DOC.findall(needs[0]) if stem in stems]
        made.append(
            Chapter(f"notebooks/{path.stem}", title[1], " ".join(question[1].split()), named)
        )
    return made


class Chapters(SphinxDirective):
    """`{chapter-cards}`: a card for each chapter; the content is what the last card says."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        root = Path(self.env.srcdir)
        cards = found(root)
        text = (root / f"{ALSO}.md").read_text(encoding="utf-8")
        title = text.partition("\n")[0].removeprefix("# ")
        cards.append(Chapter(ALSO, title, " ".join(self.content), []))
        for card in cards:
            self.env.note_dependency(self.env.doc2path(card.page))
        return [Cards(cards=cards)]


class Cards(nodes.General, nodes.Element):
    """The cards of the chapters."""


def visit_cards(writer: Any, node: Cards) -> None:
    """Write the cards: one link each, which the style sheet stretches over its card."""
    writer.body.append('<ul class="chapter-cards">')
    for card in node["cards"]:
        target = writer.builder.get_relative_uri(writer.builder.current_docname, card.page)
        writer.body.append(
            f'<li>{thumbnail(card.stem)}<p><a href="{target}">{escape(card.title)}</a></p>'
            f"<p>{escape(card.question)}</p></li>"
        )
    writer.body.append("</ul>")
    raise nodes.SkipNode


class MapDirective(SphinxDirective):
    """`{book-map}`: which chapter needs which."""

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        known = found(Path(self.env.srcdir))
        for chapter in known:
            self.env.note_dependency(self.env.doc2path(chapter.page))
        return [Map(chapters=known)]


class Map(nodes.General, nodes.Element):
    """The map of the book."""


def visit_map(writer: Any, node: Map) -> None:
    """Write the map with a link for each chapter."""
    known = node["chapters"]
    targets = {
        each.stem: writer.builder.get_relative_uri(writer.builder.current_docname, each.page)
        for each in known
    }
    titles = {each.stem: each.title for each in known}
    needs = {each.stem: each.needs for each in known}
    writer.body.append(svg(needs, titles, targets))
    raise nodes.SkipNode


class BorrowedDirective(SphinxDirective):
    """`{borrowed} notebooks/01_summarise`: a movable figure of a chapter, found by its label."""

    required_arguments = 1
    has_content = True
    option_spec = {"label": directives.unchanged_required, "start": directives.nonnegative_int}

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        node = Borrowed(page=self.arguments[0], **self.options)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class Borrowed(nodes.General, nodes.Element):
    """A movable figure of another page; its children are the caption."""


def visit_borrowed(writer: Any, node: Borrowed) -> None:
    """Write the figure as its chapter's run has drawn it."""
    chapter = writer.builder.env.get_doctree(node["page"])
    drawn = [raw.astext() for raw in chapter.findall(nodes.raw) if raw.get("format") == "html"]
    figures = [BeautifulSoup(html, "html.parser").select_one("div.movable") for html in drawn]
    [figure] = [each for each in figures if each and each["aria-label"] == node["label"]]
    start(figure, node.get("start", 0))
    writer.body.append(f'<div class="borrowed">{figure}<div class="borrowed-caption">')


def start(figure: Any, index: int) -> None:
    """Let a movable figure begin with another of its frames."""
    for place, frame in enumerate(figure.select(".movable-frames img")):
        for name in ("hidden", "loading"):
            frame.attrs.pop(name, None)
        frame.attrs |= {"hidden": "", "loading": "lazy"} if place != index else FIRST
    names = json.loads(figure["data-names"])
    slider = figure.select_one("input")
    slider["value"], slider["aria-valuetext"] = str(index), names[index]
    figure.select_one("output").string = names[index]


def depart_borrowed(writer: Any, node: Borrowed) -> None:
    """End the caption and the figure."""
    writer.body.append("</div></div>")


def count(app: Sphinx, config: Config) -> None:
    """Offer `{{ statements }}` and `{{ settled }}`, as the ledger counts them."""
    statements = ledger.load()
    config.myst_substitutions = {
        **config.myst_substitutions,
        "statements": str(ledger.COUNT),
        "settled": ledger_report.count_line(statements),
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.add_directive("chapter-cards", Chapters)
    app.add_directive("book-map", MapDirective)
    app.add_directive("borrowed", BorrowedDirective)
    for node, *visits in (
        (Cards, visit_cards, None),
        (Map, visit_map, None),
        (Borrowed, visit_borrowed, depart_borrowed),
    ):
        app.add_node(node, html=tuple(visits), singlehtml=tuple(visits))
    app.connect("config-inited", count)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
