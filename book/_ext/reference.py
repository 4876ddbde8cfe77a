"""The reference of the package: an overview by module, links to the source, set equations."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from equations import block, inline, is_mathematics
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

import rnn_course
from rnn_course.address import REPOSITORY, VERSION

HOME = Path(rnn_course.__file__).parents[1]
MODULE = re.compile(r"^\.\. automodule:: (\S+)$", re.MULTILINE)


class Modules(SphinxDirective):
    """`{modules} tasks`: the modules that the page book/api/tasks.md describes, a line each."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        page = Path(self.env.doc2path(self.env.docname)).with_name(f"{self.arguments[0]}.md")
        self.env.note_dependency(str(page))
        lines = []
        for name in MODULE.findall(page.read_text(encoding="utf-8")):
            said = (inspect.getdoc(importlib.import_module(name)) or "").partition("\n")[0]
            said = inline(said, "{{math}}`{}`")
            lines.append(f"- {{py:mod}}`~{name}`: {said}" if said else f"- {{py:mod}}`~{name}`")
        holder = nodes.container(classes=["modules"])
        self.state.nested_parse(StringList(lines, str(page)), self.content_offset, holder)
        return [holder]


def source_of(domain: str, info: dict[str, str]) -> str | None:
    """Where the lines of a function or class are: in the release that the site belongs to."""
    thing: object = importlib.import_module(info["module"])
    for part in info["fullname"].split("."):
        thing = getattr(thing, part, None)
    thing = inspect.unwrap(getattr(thing, "fget", None) or thing)
    try:
        lines, first = inspect.getsourcelines(thing)
        path = Path(inspect.getsourcefile(thing) or "").relative_to(HOME / "rnn_course").as_posix()
    except (OSError, TypeError, ValueError):  # a value, written in C, or of another package
        return None
    return f"{REPOSITORY}/blob/v{VERSION}/rnn_course/{path}#L{first}-L{first + len(lines) - 1}"


def mend_docstring(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Set equations, which are indented; keep other indented lines; list `name : text`."""
    lines[:] = [re.sub(r"^(\w+(?:, \w+)*) : (?=\S)", r":\1: ", line) for line in lines]
    lines[:] = [line if line.startswith("    ") else inline(line, ":math:`{}`") for line in lines]
    for start in reversed(range(1, len(lines))):
        if not lines[start].startswith("    ") or lines[start - 1].strip():
            continue
        before = next((line for line in reversed(lines[:start]) if line.strip()), " ")
        if before.startswith(" "):
            continue  # it goes on
        end = start
        while end < len(lines) and lines[end].startswith("    "):
            end += 1
        if is_mathematics(lines[start:end]):
            lines[start:end] = [".. math::", "", *block(lines[start:end]), ""]
        else:
            lines[start:start] = ["::", ""]


def link_source(app: Sphinx, config: Config) -> None:
    """The configuration is a YAML file, which holds no functions."""
    config.linkcode_resolve = source_of


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.add_directive("modules", Modules)
    app.setup_extension("sphinx.ext.linkcode")
    app.connect("config-inited", link_source)
    app.connect("autodoc-process-docstring", mend_docstring, priority=100)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
