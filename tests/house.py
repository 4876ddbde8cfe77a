"""What the package consists of: its modules, and what each of them imports."""

from __future__ import annotations

import ast
import pkgutil
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rnn_course"


def modules(package: ModuleType) -> list[str]:
    """The dotted names of all modules of a package, the package itself first."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [package.__name__, *(m.name for m in found if not m.name.endswith(".__main__"))]


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
        name.removesuffix(".__init__"): imported(
            ast.parse(path.read_text(encoding="utf-8")), folder.name, known
        )
        for name, path in files.items()
    }


def imported(tree: ast.AST, package: str, known: set[str]) -> set[str]:
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
    """The folder of rnn_course that a module is in, or the module itself at the top."""
    return module.partition(".")[0]
