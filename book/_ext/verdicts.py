"""Verdicts as cards, an anchor for each statement, and the ledger with its figures drawn.

What `settle` prints in a chapter, "S1.3 settled: …", becomes a card on the page; notebooks keep the
line. The section that takes a statement up is `#S1.3`, the first figure there `#figure-S1.3`, the
card `#verdict-S1.3`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

from rnn_course import ledger
from rnn_course.effects import Drawn

LEDGER = "book/ledger"
ID = re.compile(rf"\b{ledger.ID}\b")
#: what a cell's output holds where it is a figure, before a format has been chosen
PICTURE = re.compile(r'class="(?:movable|typed)\b|<(?:img|svg|figure)\b')

FILTER = """<form class="ledger-filter" role="search" aria-label="Statements">
<fieldset><legend>Kind</legend>
<label><input type="radio" name="kind" value="" checked> all</label>
<label><input type="radio" name="kind" value="measured"> measured</label>
<label><input type="radio" name="kind" value="construction"> by construction</label>
</fieldset>
<label class="ledger-words">Search the statements
<input type="search" placeholder="padding, S5, chapter title …"></label>
<output aria-live="polite"></output>
</form>
"""


def statements() -> dict[str, ledger.Statement]:
    """The statements of the ledger by their ids."""
    return {s.id: s for s in ledger.load()}


@cache
def found(folder: Path) -> dict[str, ledger.Verdict]:
    """The verdicts of the chapters as they were executed for this build."""
    return {v.id: v for v in ledger.verdicts(folder) if v.holds}


def title_of(section: nodes.section) -> str:
    """The heading of a section."""
    return section[section.first_child_matching_class(nodes.title) or 0].astext()


def is_figure(node: nodes.Node) -> bool:
    """Does an output hold a picture, whatever its format?"""
    if isinstance(node, nodes.container):
        return node.get("mime_type", "").startswith("image/")
    return isinstance(node, nodes.image) or (
        isinstance(node, nodes.raw) and bool(PICTURE.search(node.astext()))
    )


def figures_in(section: nodes.section) -> Iterator[nodes.Element]:
    """The cells of a section that show a figure."""
    for cell in section.findall(nodes.container):
        if cell.get("nb_element") == "cell_code" and any(map(is_figure, cell.findall())):
            yield cell


def anchor(app: Sphinx, page: nodes.document) -> None:
    """Give each statement its places on a page: section, first figure, card."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    own = [s.id for s in statements().values() if app.env.docname == f"notebooks/{s.chapter}"]
    for name in statements() if app.env.docname == LEDGER else own:
        sections = [s for s in page.findall(nodes.section) if name in ID.findall(title_of(s))]
        if not sections:
            raise ExtensionError(f"{app.env.docname}: no heading names {name}")
        places = {name: sections[0]}
        cells = (cell for section in sections for cell in figures_in(section))
        if first := next(cells, None):
            places[f"figure-{name}"] = first
        for place, node in places.items():
            node["ids"].append(place)
        for place in (*places, f"verdict-{name}"):
            slugs[place] = (0, place, name)


def paragraph(kind: str, *parts: nodes.Node) -> nodes.paragraph:
    """A line of a card."""
    return nodes.paragraph("", "", *parts, classes=[f"verdict-{kind}"])


def words(kind: str, text: str) -> nodes.inline:
    """A few words of a card that look unlike the rest."""
    return nodes.inline("", text, classes=[f"verdict-{kind}"])


def draw(cell: nodes.entry, bar: Drawn) -> None:
    """Put a bar before the figure in a cell of a table."""
    html = f'<span class="bar {bar.role}" style="--share: {bar.share:.4f}"></span>'
    cell[0].insert(0, nodes.raw("", html, format="html"))


def chart(statement: ledger.Statement, verdict: ledger.Verdict) -> nodes.table:
    """The figures of a verdict as a table with bars."""
    assert statement.effect is not None
    group = nodes.tgroup("", nodes.colspec(colwidth=1), nodes.colspec(colwidth=1), cols=2)
    table = nodes.table("", group, classes=["bars"])

    def row(label: str, text: str, strong: bool = False) -> nodes.row:
        words = nodes.strong("", label) if strong else nodes.Text(label)
        cells = (nodes.paragraph("", "", part) for part in (words, nodes.Text(text)))
        return nodes.row("", *(nodes.entry("", cell) for cell in cells))

    drawn = statement.effect.draw(verdict.figures)
    group += nodes.thead("", row(statement.effect.title(verdict.figures), "figure"))
    group += nodes.tbody("", *(row(bar.label, bar.text, bar.role == "found") for bar in drawn))
    for line, bar in zip(group[-1], drawn, strict=True):
        draw(line[1], bar)
    return table


def classes(statement: ledger.Statement) -> list[str]:
    """What the style sheet and the filter know a verdict by."""
    return ["verdict", statement.kind, statement.outcome.replace(" ", "-")]


def card(statement: ledger.Statement, verdict: ledger.Verdict, address: str) -> nodes.container:
    """The card of a verdict; `address` is its row in the ledger."""
    link = nodes.reference("", "In the ledger", refuri=f"{address}#{statement.id}", internal=True)
    head = paragraph(
        "head",
        words("mark", ledger.OUTCOMES[statement.outcome]),
        nodes.Text(" "),
        nodes.strong("", statement.id),
        nodes.Text(f" {statement.outcome} "),
        words("kind", ledger.KINDS[statement.kind]),
        nodes.Text(" "),
        link,
    )
    parts: list[nodes.Node] = [head, paragraph("claim", nodes.Text(statement.text))]
    if statement.effect:
        parts.append(chart(statement, verdict))
    parts += [
        paragraph("line", words("word", "Found: "), nodes.Text(f"{verdict.line.rstrip('.')}.")),
        paragraph("fails", words("word", "Fails when "), nodes.Text(f"{statement.saboteur}.")),
    ]
    name = f"verdict-{statement.id}"
    return nodes.container("", *parts, ids=[name], classes=classes(statement))


class Cards(SphinxPostTransform):
    """Set the verdicts of chapters as cards, and draw the figures of the ledger."""

    default_priority = 20  # after myst_nb has chosen the formats of outputs
    formats = ("html",)

    def run(self, **_: Any) -> None:
        self.verdicts = found(Path(self.app.outdir).parent / "jupyter_execute" / "notebooks")
        if self.env.docname == LEDGER:
            self.ledger()
            return
        for block in list(self.document.findall(nodes.literal_block)):
            if "stream" in block["classes"] and ledger.VERDICT.search(block.astext()):
                # Not replace_self, which would hand the block's classes on to a card.
                block.parent.replace(block, self.split(block))

    def split(self, block: nodes.literal_block) -> list[nodes.Node]:
        """A printed text, with a card in place of each verdict."""
        address = self.app.builder.get_relative_uri(self.env.docname, LEDGER)
        parts: list[nodes.Node] = []
        printed: list[str] = []

        def flush() -> None:
            if text := "\n".join(printed).strip("\n"):
                parts.append(nodes.literal_block(text, text, **block.attributes))
            printed.clear()

        for line in block.astext().splitlines():
            if verdict := ledger.VERDICT.fullmatch(line):
                flush()
                parts.append(card(statements()[verdict[1]], self.verdicts[verdict[1]], address))
            else:
                printed.append(line)
        flush()
        return parts

    def ledger(self) -> None:
        """Draw the figures of the ledger's tables, and put the filter above its sections."""
        first = self.document[self.document.first_child_matching_class(nodes.section)]
        place = first.first_child_matching_class(nodes.section)
        first.insert(place, nodes.raw("", FILTER, format="html"))
        for section in self.document.findall(nodes.section):
            name = title_of(section)
            if name not in self.verdicts:
                continue
            statement = statements()[name]
            outcome = statement.outcome
            section["classes"] += classes(statement)
            title = section[0]
            assert isinstance(title, nodes.title)
            title.insert(0, [words("mark", ledger.OUTCOMES[outcome]), nodes.Text(" ")])
            title += [nodes.Text(f" {outcome} "), words("kind", ledger.KINDS[statement.kind])]
            for table in section.findall(nodes.table):
                table["classes"].append("bars")
                self.fill(table, statement)

    def fill(self, table: nodes.table, statement: ledger.Statement) -> None:
        """Draw the bars of a table of the ledger, whose figures have to be those of this run."""
        assert statement.effect is not None
        drawn: Sequence[Drawn] = statement.effect.draw(self.verdicts[statement.id].figures)
        rows = list(table.findall(nodes.tbody))[0]
        if [row[1].astext() for row in rows] != [bar.text for bar in drawn]:
            raise ExtensionError(
                f"book/ledger.md: {statement.id} has other figures than its chapter"
            )
        for row, bar in zip(rows, drawn, strict=True):
            draw(row[1], bar)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.connect("builder-inited", lambda _: found.cache_clear())
    app.connect("doctree-read", anchor)
    app.add_post_transform(Cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
