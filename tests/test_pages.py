"""README, CONTRIBUTING and the welcome page: the table of chapters and the files named."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path

import pytest
from house import PACKAGE, ROOT, imported, imports, modules, room

import rnn_course
from rnn_course.notebooks import chapters

# --- the table of chapters ----------------------------------------------------------------------

COLUMNS = {3: "networks", 4: "tasks", 5: "experiments", 6: "figures"}  # and the tests, in 7
TABLE = re.compile(r"^\| chapter \|.*\n(?:\|.*\n)+", re.MULTILINE)


def table(text: str) -> str:
    """The table of chapters in a page."""
    found = TABLE.findall(text)
    assert len(found) == 1
    return found[0]


def rows() -> list[list[set[str]]]:
    """Of each row, what its cells name in backquotes."""
    lines = table((ROOT / "README.md").read_text(encoding="utf-8")).splitlines()[2:]
    return [[set(re.findall(r"`(.+?)`", cell)) for cell in line.split("|")] for line in lines]


def named(row: list[set[str]]) -> set[str]:
    """The modules that a row names, such as tasks.echo; `cells.py` is at the package's top."""
    return {
        name.removesuffix(".py") if name.endswith(".py") else f"{folder}.{name}"
        for column, folder in COLUMNS.items()
        for name in row[column]
    }


def covered(module: str, names: set[str]) -> bool:
    """Is a module named, or the folder that it lies in?"""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def used(path: Path) -> set[str]:
    """The modules that the code of a chapter imports, or in which what it imports was defined."""
    known = {name.partition(".")[2] for name in modules(rnn_course)}
    found = set()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            found |= imported(tree, "rnn_course", known)
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module.startswith("rnn_course"):
                    offered = importlib.import_module(node.module)
                    things = [getattr(offered, alias.name, None) for alias in node.names]
                    where = [getattr(thing, "__module__", None) or "" for thing in things]
                    found |= {module.partition(".")[2] for module in where}
    return found & known - {*COLUMNS.values()}


def behind(start: set[str]) -> set[str]:
    """Some modules, and all that these import, directly or not."""
    graph = imports(PACKAGE)
    found, todo = set(), [*start]
    while todo:
        module = todo.pop()
        if module not in found and module in graph:
            found.add(module)
            todo += graph[module]
    return found


def test_both_pages_show_the_same_table():
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")]
    assert table(pages[0]) == table(pages[1]), "copy the table of README.md into CONTRIBUTING.md"


def test_every_chapter_has_its_row():
    stems = [path.stem for path in chapters(ROOT / "notebooks")]
    *of_chapters, shared = rows()
    assert [row[1] for row in of_chapters] == [{stem} for stem in stems] and shared[1] == set()


def test_every_file_of_the_table_exists_and_every_module_is_in_it():
    names = set().union(*map(named, rows()))
    there = {m.partition(".")[2] for m in modules(rnn_course)}
    assert names <= there
    rooms = {m for m in there if room(m) in COLUMNS.values() and "." in m}
    assert [m for m in sorted(rooms) if not covered(m, names)] == []


def test_every_test_of_the_table_exists_and_every_test_of_these_folders_is_in_it():
    names = set().union(*(row[7] for row in rows()))
    for name in names:
        assert (ROOT / "tests" / f"{name}.py").is_file() or (ROOT / "tests" / name).is_dir(), name
    for folder in COLUMNS.values():
        for path in (ROOT / "tests" / folder).rglob("test_*.py"):
            name = path.relative_to(ROOT / "tests").with_suffix("").as_posix()
            assert any(name == each or name.startswith(f"{each}/") for each in names), name


def test_a_row_names_what_its_chapter_uses():
    """Nothing that is first used later is missing in a row, and nothing is named for no reason."""
    *of_chapters, shared = rows()
    known = named(shared)
    for path, row in zip(chapters(ROOT / "notebooks"), of_chapters, strict=True):
        mine = used(path)
        known |= named(row)
        missing = {m for m in mine if room(m) in COLUMNS.values() and not covered(m, known)}
        assert missing == set(), f"{path.stem}: its row lacks these"
        reached = behind(mine | {m for m in named(row) if room(m) == "experiments"})
        idle = {n for n in named(row) if not any(covered(m, {n}) for m in reached)}
        assert idle == set(), f"{path.stem}: its row names what it does not use"


# --- what to read -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["README.md", "book/running.md"])
def test_the_count_of_lines_to_read_is_about_right(page):
    files = [PACKAGE / "cells.py", PACKAGE / "rnn.py", *(PACKAGE / "networks").glob("*.py")]
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    text = (ROOT / page).read_text(encoding="utf-8")
    (said,) = re.findall(r"some\s+([\d,]+)\s+lines", text)
    assert abs(int(said.replace(",", "")) - lines) < 200, f"now {lines}"


# --- the pages about the project ----------------------------------------------------------------


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "book/intro.md", "book/running.md"]
)
def test_every_file_that_a_page_names_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|md|toml|txt|cff))`", text)
    paths += re.findall(r"\]\((?!http)([^)#]+)\)", text)
    folders = [ROOT, PACKAGE, PACKAGE / "experiments", ROOT / "tests", (ROOT / page).parent]
    for path in paths:
        if not re.search("NAME|NN", path):
            names = path, f"{path}.py"
            assert any((f / name).exists() for f in folders for name in names), path
