"""Reader's notebooks: each chapter as a notebook that any program can show, beside its page.

The source of a chapter is MyST Markdown, whose roles and directives only this build understands.
Here its resolved document is written out cell by cell in plain Markdown: the numbers of the prose
stand as in the run that built the site, terms and citations are links to the site, and what the
page folds is folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx_markdown_builder import contexts
from sphinx_markdown_builder.contexts import IndentContext, SubContext, SubContextParams
from sphinx_markdown_builder.translator import MarkdownTranslator, pushing_context

from rnn_course import address, storage

FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
GLUED = "application/papermill.record"  # what myst_nb keeps for the prose; readers lack it
# In a table, too, 1.30 is what was printed, and not the number 1.3.
contexts.tabulate = partial(contexts.tabulate, disable_numparse=True)
LINES = 10_000  # MyST-NB numbers the lines of cell k from (k + 1) * LINES


class Translator(MarkdownTranslator):
    """Markdown as Jupyter, VS Code and Colab show it."""

    def __init__(self, document: nodes.document, app: Sphinx, docname: str, level: int) -> None:
        super().__init__(document, app.builder)
        self.page = urljoin(address.SITE, app.builder.get_target_uri(docname))
        self.docname, self.level = docname, level

    def visit_Text(self, node: nodes.Text) -> None:
        before = len(self.ctx.content)
        super().visit_Text(node)
        if self.status.escape_text:
            self.ctx.content[before:] = [
                text.replace("<", "&lt;").replace("$", r"\$") for text in self.ctx.content[before:]
            ]

    def visit_reference(self, node: nodes.reference) -> None:
        anchor = f"#{node['refid']}" if "refid" in node else ""
        self.add("[")
        node["target"] = urljoin(self.page, node.get("refuri", "") or anchor)

    def depart_reference(self, node: nodes.reference) -> None:
        self.add(f"]({node['target']})")

    def visit_math(self, node: nodes.math) -> None:
        # In a table, a bar would end the cell.
        formula = node.astext().strip()
        self.add(f"${formula.replace('|', chr(92) + 'vert ') if inside_table(node) else formula}$")
        raise nodes.SkipNode

    def visit_math_block(self, node: nodes.math_block) -> None:
        number = rf" \tag{{{node['number']}}}" if node.get("number") else ""
        formula = re.sub(r"\n\s*\n", "\n", node.astext().strip())
        self.add(f"$$\n{formula}{number}\n$$", prefix_eol=2, suffix_eol=2)
        raise nodes.SkipNode

    def visit_target(self, node: nodes.target) -> None:
        raise nodes.SkipNode

    def visit_title(self, node: nodes.title) -> None:
        self.add("#" * self.level + " ", prefix_eol=2)

    def depart_title(self, node: nodes.title) -> None:
        self.ensure_eol(2)

    def visit_section(self, node: nodes.section) -> None:
        pass  # the body of an exercise

    def depart_section(self, node: nodes.section) -> None:
        pass

    def visit_enumerated_list(self, node: nodes.enumerated_list) -> None:
        self._start_list(node.get("start", 1) - 1)

    @pushing_context
    def visit_admonition(self, node: nodes.admonition) -> None:
        title = node.pop(0).astext()
        if "dropdown" in node["classes"]:
            self._fold(title)
        else:
            self._push_context(IndentContext("> ", empty=True, params=SubContextParams(2, 2)))
            self.add(f"**{title}**", suffix_eol=2)

    def depart_admonition(self, node: nodes.admonition) -> None:
        if "dropdown" in node["classes"]:
            self._unfold()
        self._pop_context()

    def visit_exercise_enumerable_node(self, node: nodes.Element) -> None:
        numbers = self.builder.env.toc_fignumbers[self.docname]["exercise"][node["label"]]
        number = ".".join(map(str, numbers))
        title = node.pop(0).astext().strip()
        self.add(f"#### Exercise {number} {title}", prefix_eol=2, suffix_eol=2)

    def depart_exercise_enumerable_node(self, node: nodes.Element) -> None:
        self.ensure_eol(2)

    def visit_solution_node(self, node: nodes.Element) -> None:
        self._push_context(SubContext(SubContextParams(2, 2)))
        self._fold(node.pop(0).astext())

    def depart_solution_node(self, node: nodes.Element) -> None:
        self._unfold()
        self._pop_context()

    def _fold(self, title: str) -> None:
        self.add(f"<details>\n<summary>{title}</summary>", suffix_eol=2)

    def _unfold(self) -> None:
        self.add("</details>", prefix_eol=2, suffix_eol=2)

    def unknown_visit(self, node: nodes.Node) -> None:
        raise NotImplementedError(f"{self.page}: no Markdown for <{type(node).__name__}>")


def inside_table(node: nodes.Node | None) -> bool:
    """Is a node in a table?"""
    return node is not None and (isinstance(node, nodes.table) or inside_table(node.parent))


def blocks(node: nodes.Element, level: int = 0) -> Iterator[tuple[nodes.Node, int]]:
    """The paragraphs, formulas, lists … and outputs of a page, in order, each with its level."""
    for child in node.children:
        if isinstance(child, nodes.section):
            yield from blocks(child, level + 1)
        else:
            yield child, level


def markdown(
    app: Sphinx, docname: str, page: nodes.document, parts: list[tuple[nodes.Node, int]]
) -> str:
    """Parts of a page in plain Markdown."""
    texts = []
    for node, level in parts:
        document = nodes.document(page.settings, page.reporter)
        document += node.deepcopy()
        translator = Translator(document, app, docname, level)
        document.walkabout(translator)
        texts.append(translator.astext().strip())
    return "\n\n".join(filter(None, texts))


def by_cell(page: nodes.document) -> dict[int, list[tuple[nodes.Node, int]]]:
    """What stands in each cell of the notebook, by the number of the cell."""
    found: dict[int, list[tuple[nodes.Node, int]]] = {}
    cell = 0
    for node, level in blocks(page):
        line = node.line or next((n.line for n in node.findall() if n.line), None)
        cell = line // LINES - 1 if line else cell
        found.setdefault(cell, []).append((node, level))
    return found


def notebook(app: Sphinx, docname: str) -> Any:
    """The reader's notebook of a chapter."""
    path = Path(app.env.doc2path(docname))
    source = nbformat.read(path, 4)
    page = app.env.get_and_resolve_doctree(docname, app.builder)
    parts = by_cell(page)
    made = nbformat.v4.new_notebook(metadata=source.metadata)
    for number, cell in enumerate(source.cells):
        here = parts.get(number, [])
        if cell.cell_type == "markdown":
            if text := markdown(app, docname, page, here):
                made.cells.append(nbformat.v4.new_markdown_cell(text, id=cell.id))
            continue
        made.cells.append(
            nbformat.v4.new_code_cell(
                cell.source,
                id=cell.id,
                outputs=[output for output in cell.outputs if GLUED not in str(output)],
                execution_count=cell.execution_count,
                metadata=folded(cell.metadata),
            )
        )
        captions = [c for node, _ in here for c in node.findall(nodes.caption)]
        for place, caption in enumerate(captions):
            made.cells.append(
                nbformat.v4.new_markdown_cell(
                    caption_text(app, docname, page, caption), id=f"{cell.id}-caption-{place}"
                )
            )
    about = ABOUT.format(page=urljoin(address.SITE, app.builder.get_target_uri(docname)))
    made.cells[1:1] = [
        nbformat.v4.new_code_cell(address.INSTALL, id="install", metadata={"tags": ["install"]}),
        nbformat.v4.new_markdown_cell(about, id="about"),
    ]
    return made


ABOUT = (
    "This is [a page of the course]({page}) as a notebook. Run it from the top, cell by cell, or "
    "all at once. The numbers in the text are those of the run that made the page; yours may "
    "differ in the last digits. Code that only draws, measures or judges is folded: click it to "
    "read it."
)


def folded(metadata: Any) -> dict[str, Any]:
    """The metadata of a code cell: folded if the page folds it."""
    kept = {"tags": list(metadata.get("tags", []))}
    if FOLDED & set(kept["tags"]):
        kept["jupyter"] = {"source_hidden": True}
    return kept


def caption_text(app: Sphinx, docname: str, page: nodes.document, caption: nodes.caption) -> str:
    """A figure's caption with its number, as the page has it."""
    figure = caption.parent
    number = app.env.toc_fignumbers.get(docname, {}).get("figure", {})
    numbers = [".".join(map(str, number[name])) for name in figure["ids"] if name in number]
    paragraph = nodes.paragraph("", "", *[child.deepcopy() for child in caption.children])
    label = f"**Figure {numbers[0]}.** " if numbers else ""
    return label + markdown(app, docname, page, [(paragraph, 0)])


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the reader's notebooks beside the pages of the chapters."""
    if exception or app.builder.name != "html":
        return
    for docname in sorted(app.env.found_docs):
        if app.env.doc2path(docname).endswith(".ipynb"):
            made = notebook(app, docname)
            nbformat.validate(made)
            target = Path(app.outdir) / f"{docname}.ipynb"
            storage.write_whole(target, (nbformat.writes(made) + "\n").encode())


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.setup_extension("sphinx_markdown_builder")
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
