"""The course's notebooks: which files they are, and what the files contain."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

CHAPTER = re.compile(
    r"^\s*-?\s*(?:file|root):\s*[\"']?notebooks/(.+?)(?:\.ipynb)?[\"']?\s*$", re.MULTILINE
)


def chapters(folder: Path) -> list[Path]:
    """The notebooks of a folder that belong to the course, in order.

    Those are the ones named by the table of contents next to the folder, since a reader's own may
    be in it, too. Without a table of contents, they are all notebooks of the folder.
    """
    folder = Path(folder)
    contents = folder.parent / "_toc.yml"
    if contents.is_file():
        names = CHAPTER.findall(contents.read_text(encoding="utf-8"))
        paths = [folder / f"{name}.ipynb" for name in names]
    else:
        paths = sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))
    return [path for path in paths if path.is_file()]


def read(path: Path) -> dict[str, Any]:
    """The content of a notebook's file.

    Raises:
        ValueError: If it is not a notebook, for example because it has merge conflict markers;
            the message names the file.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a notebook, which is JSON ({error})") from error
    form = content.get("nbformat") if isinstance(content, dict) else type(content).__name__
    if form != 4:
        raise ValueError(f"{path}: not a notebook: expected nbformat 4, got {form}")
    for number, cell in enumerate(content.get("cells", [None])):
        if not _is_cell(cell):
            raise ValueError(f"{path}: not a notebook: cell {number} is not a cell")
    return content


def _is_cell(cell: Any) -> bool:
    """Does it have a cell's type and source, and outputs if it is code?"""
    if not isinstance(cell, dict) or not isinstance(cell.get("source"), str | list):
        return False
    if cell.get("cell_type") != "code":
        return isinstance(cell.get("cell_type"), str)
    outputs = cell.get("outputs")
    return isinstance(outputs, list) and all(
        isinstance(output, dict) and "output_type" in output for output in outputs
    )
