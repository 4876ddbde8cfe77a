"""The house: modules can be reached, imports run one way, the table of chapters is true."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import rnn_course
from rnn_course.notebooks import chapters

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rnn_course"

# --- every module by its dotted path ------------------------------------------------------------


def modules(package: ModuleType) -> list[str]:
    """The dotted names of all modules of a package, the package itself first."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [package.__name__, *(m.name for m in found if not m.name.endswith(".__main__"))]


def hidden(package: ModuleType) -> list[str]:
    """The dotted names that do not lead to their module, and those of `__all__` that lead to one.

    A function with the name of a module in the same folder hides it, or is hidden by it: which of
    the two depends on the order of the imports.
    """
    names = modules(package)
    imported = {name: importlib.import_module(name) for name in names}
    wrong = []
    for name, module in imported.items():
        reached = package
        for part in name.split(".")[1:]:
            reached = getattr(reached, part, None)
        if reached is not module:
            wrong.append(name)
        public = getattr(module, "__all__", ())
        wrong += [f"{name}.{each}" for each in public if f"{name}.{each}" in names]
    return wrong


def test_every_module_is_reached_by_its_dotted_path():
    assert len(modules(rnn_course)) > 80
    assert hidden(rnn_course) == []


@pytest.mark.parametrize(
    "line", ["from small.unroll import unroll", "def unroll():\n    pass", "unroll = None"]
)
def test_a_function_that_hides_a_module_is_found(line, tmp_path, monkeypatch):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "__init__.py").write_text(f'{line}\n__all__ = ["unroll"]\n')
    (folder / "unroll.py").write_text("def unroll():\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert "small.unroll" in hidden(importlib.import_module("small"))
    finally:
        for name in ("small", "small.unroll"):
            sys.modules.pop(name, None)


# --- imports run one way ------------------------------------------------------------------------

# A room is a folder of rnn_course, or a module at its top. Downwards:
# cli -> experiments -> networks -> rnn -> cells -> kernels -> checks.
# Some may not be there yet.
FLOOR = {"checks", "padding", "states", "storage", "devices", "command", "progress"}
MAY_IMPORT: dict[str, set[str]] = {
    "checks": set(),
    "command": set(),
    "storage": {"checks"},
    "progress": set(),
    "padding": {"checks"},
    "states": {"checks"},
    "devices": {"checks", "states"},
    "kernels": {"checks", "padding", "states"},
    "cells": {"kernels", "checks", "padding", "states"},
    "rnn": {"cells", "kernels", "checks", "padding", "states"},
    "networks": {"rnn", "cells", "kernels", "checks", "padding", "states"},
    "tasks": {"checks", "padding", "storage", "progress"},
    "training": {"tasks", "checks", "padding", "states", "storage", "devices", "progress"},
    "measures": {"tasks", "rnn", "cells", "checks", "padding", "states"},
    "figures": {"measures", "checks"},
    "experiments": {"networks", "training", "measures", "tasks", "rnn", "cells", *FLOOR},
    "notebooks": {"checks"},
    "ledger": {"notebooks", "checks", "storage"},
    "ledger_report": {"ledger"},
    "cli": {"experiments", "training", "tasks", "ledger", "ledger_report", *FLOOR},
    "__main__": {"cli", "command"},
    # what `import rnn_course` offers
    "__init__": {"networks", "rnn", "cells", "training", "command"},
}

# Imports that break the table and are known: (module, what it imports), each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("tasks.chorales.corpus", "training.progress"): "the bar while the chorales are read"
}


def imports(folder: Path) -> dict[str, set[str]]:
    """What each module of a package imports of it, wherever in the file: names such as tasks.echo.

    An import of a name from the package itself, `from rnn_course import fit`, is one of "".
    """
    files = {
        ".".join(path.relative_to(folder).with_suffix("").parts): path
        for path in folder.rglob("*.py")
    }
    known = {name.removesuffix(".__init__") for name in files}
    return {
        name.removesuffix(".__init__"): _imported(
            ast.parse(path.read_text(encoding="utf-8")), folder.name, known
        )
        for name, path in files.items()
    }


def _imported(tree: ast.AST, package: str, known: set[str]) -> set[str]:
    """The modules of a package that a file imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: an import is written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == package:
                found.add(rest if rest in known else rest.rpartition(".")[0])
    return found


def room(module: str) -> str:
    return module.partition(".")[0]


def upward(folder: Path) -> set[tuple[str, str]]:
    """The imports that the table does not allow."""
    return {
        (module, other)
        for module, others in imports(folder).items()
        for other in others
        if room(other) != room(module) and room(other) not in MAY_IMPORT[room(module)]
    }


def test_the_table_of_rooms_has_no_circle():
    order: list[str] = []
    while len(order) < len(MAY_IMPORT):
        free = [r for r, below in MAY_IMPORT.items() if r not in order and below <= {*order}]
        assert free, f"in a circle: {set(MAY_IMPORT) - {*order}}"
        order += free


def test_imports_run_downwards():
    assert {room(module) for module in imports(PACKAGE)} <= set(MAY_IMPORT)
    assert upward(PACKAGE) == set(EXCEPTIONS)


UPWARD = [
    ("kernels/cells", "from rnn_course.cells import Cell", "cells"),
    ("cells", "import rnn_course.rnn", "rnn"),
    ("rnn", "from rnn_course.networks import deep", "networks.deep"),
    ("networks/deep", "from rnn_course.tasks.echo import make_echo", "tasks.echo"),
    ("networks/deep", "def later():\n    from rnn_course import fit", ""),
    ("networks/deep", "from rnn_course.training.fit import fit", "training.fit"),
    ("tasks/echo", "from rnn_course.networks.deep import mlp", "networks.deep"),
    ("tasks/echo", "from rnn_course.training import fit", "training.fit"),
    ("figures/deep", "from rnn_course.training import fit", "training.fit"),
    ("experiments/deep", "from rnn_course import ledger", "ledger"),
    ("experiments/deep", "from rnn_course.notebooks import read", "notebooks"),
    ("experiments/deep", "from rnn_course import cli", "cli"),
]


def test_an_import_upwards_is_found(tmp_path):
    folder = tmp_path / "rnn_course"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("results", "__pycache__"))
    for module, line, _ in UPWARD:
        with (folder / f"{module}.py").open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    expected = {(module.replace("/", "."), other) for module, _, other in UPWARD}
    assert upward(folder) == expected | set(EXCEPTIONS)


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
    """The modules that the code of a chapter imports from, where these were defined."""
    known = {name.partition(".")[2] for name in modules(rnn_course)}
    found = set()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            found |= _imported(tree, "rnn_course", known)
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module in {"rnn_course"} | {
                    f"rnn_course.{room}" for room in COLUMNS.values()
                }:
                    for alias in node.names:
                        thing = getattr(importlib.import_module(node.module), alias.name)
                        where = getattr(thing, "__module__", None) or thing.__name__
                        found.add(where.partition(".")[2])
    return found - {"", *COLUMNS.values()}


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


@pytest.mark.parametrize("page", ["README.md", "book/intro.md"])
def test_the_count_of_lines_to_read_is_about_right(page):
    files = [PACKAGE / "cells.py", PACKAGE / "rnn.py", *(PACKAGE / "networks").glob("*.py")]
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    text = (ROOT / page).read_text(encoding="utf-8")
    (said,) = re.findall(r"some\s+([\d,]+)\s+lines", text)
    assert abs(int(said.replace(",", "")) - lines) < 200, f"now {lines}"
