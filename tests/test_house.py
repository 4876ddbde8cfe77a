"""The house: every module can be reached by its dotted path, and imports run one way."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from house import PACKAGE, imports, modules, room

import rnn_course

# --- every module by its dotted path ------------------------------------------------------------


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
    "address": set(),
    "checks": set(),
    "command": set(),
    "compare": set(),
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
    "experiments": {"networks", "training", "measures", "tasks", "rnn", "cells", "kernels", *FLOOR},
    "notebooks": {"checks"},
    "effects": set(),
    "ledger": {"effects", "notebooks", "checks", "storage"},
    "ledger_report": {"ledger"},
    "cli": {"experiments", "training", "tasks", "ledger", "ledger_report", *FLOOR},
    "homework": {"address", "figures", "notebooks", "tasks", "compare", *FLOOR},
    "exercises": {"networks", "measures", "tasks", "rnn", "cells", "compare", *FLOOR},
    "__main__": {"cli", "command"},
    # what `import rnn_course` offers
    "__init__": {"networks", "rnn", "cells", "training", "command", "address"},
}

# Imports that break the table and are known: (module, what it imports), each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}


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
