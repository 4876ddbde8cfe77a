"""The benchmarks' page: the chart is drawn from the results, and their tables fold."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PICTURE = "_build/pictures/speedups.svg"


def chart(root: str | Path) -> Any:
    """`benchmarks.chart`; the folder of the benchmarks is not installed."""
    if str(root) not in sys.path:
        sys.path.append(str(root))
    return importlib.import_module("benchmarks.chart")


class Speedups(SphinxDirective):
    """`{speedups}`: the chart; the content is its caption."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        module = chart(self.env.srcdir)
        self.env.note_dependency(str(module.FILE))
        found = module.read(module.FILE.read_text(encoding="utf-8"))
        module.save(found, Path(self.env.srcdir) / PICTURE)
        caption = nodes.caption()
        inline, messages = self.state.inline_text(" ".join(self.content), self.lineno)
        caption += inline
        picture = nodes.image(uri=f"/{PICTURE}", alt=module.describe(found))
        return [nodes.figure("", picture, caption, ids=["fig-speed-ups"]), *messages]


def folded(text: str) -> list[str]:
    """Results in Markdown, each table under its bold line in a fold of that name."""
    lines: list[str] = []
    title = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("**") and line.endswith("**"):
            title = line.strip("*")
            if title[0].isdigit():  # "1 thread": what was measured first needs no name there
                title = f"The tanh network, {title}"
        elif line.startswith("|") and title:
            lines += [f":::{{dropdown}} {title}", line]
            title = ""
        elif line.startswith("|"):
            lines.append(line)
        else:
            if lines and lines[-1].startswith("|"):
                lines.append(":::")
            if title and line:
                lines += [f"**{title}**", ""]
                title = ""
            lines.append(line)
    return lines


class Results(SphinxDirective):
    """`{results}`: the machine, what was missed, and the tables, folded."""

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        file = chart(self.env.srcdir).FILE
        self.env.note_dependency(str(file))
        holder = nodes.container()
        lines = folded(file.read_text(encoding="utf-8"))
        self.state.nested_parse(StringList(lines, str(file)), self.content_offset, holder)
        return holder.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.add_directive("speedups", Speedups)
    app.add_directive("results", Results)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
