"""Run the notebooks in place and write them in their committed form.

    python tools/notebooks.py [NOTEBOOK ...]            run, then tidy
    python tools/notebooks.py --tidy [NOTEBOOK ...]     tidy only
    python tools/notebooks.py --check [NOTEBOOK ...]    change nothing; 1 if one is not tidy
    python tools/notebooks.py --list                    change nothing; name them

Without names, they are those of the table of contents; a reader's own beside them are left alone.
The committed form keeps what nbval compares and nothing else, so that a run with the same results
gives the same bytes: text stays; pictures and widget views go, and so do all outputs of
cells tagged nbval-ignore-output (timings, progress).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from rnn_course import command, storage
from rnn_course import notebooks as files

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 600  # seconds a cell
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT_METADATA = {"mystnb", "tags"}
UNCOMPARED = {
    "image/png",
    "image/jpeg",
    "image/svg+xml",
    "application/vnd.jupyter.widget-view+json",
}
IGNORED = "nbval-ignore-output"
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}  # tags of the site's pages


def notebooks() -> list[Path]:
    """Every notebook of the course, in order."""
    return files.chapters(ROOT / "notebooks")


def read(path: Path) -> NotebookNode:
    """Read a notebook as nbformat 4.5, each cell with an id (nbformat's own would be random).

    Raises:
        ValueError: If it is not a notebook.
    """
    content = files.read(path)
    content["nbformat_minor"] = 5
    taken = {cell["id"] for cell in content["cells"] if "id" in cell}
    for cell in content["cells"]:
        if "id" not in cell:
            cell["id"] = next(name for name in names(path, cell) if name not in taken)
            taken.add(cell["id"])
    return nbformat.reads(json.dumps(content), as_version=4)


def names(path: Path, cell: dict[str, Any]) -> Iterator[str]:
    """Ids for a cell that depend only on its source, so that they are the same everywhere."""
    digest = hashlib.sha256("".join(cell["source"]).encode()).hexdigest()
    chapter = path.stem.split("_")[0]
    for length in range(8, len(digest)):
        yield f"{chapter}-{digest[:length]}"
    for n in range(len(digest)):
        yield f"{chapter}-{digest[:8]}-{n}"


def tidy(notebook: NotebookNode) -> str:
    """The committed form of a notebook, as the text of its file."""
    kept = {key: value for key, value in notebook.metadata.items() if key in KEPT_METADATA}
    notebook.metadata = nbformat.from_dict(METADATA | kept)
    count = 0
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in cell.metadata if key in KEPT_METADATA}
        cell.pop("attachments", None)
        if cell.cell_type != "code":
            continue
        if FOLDED & set(cell.metadata.get("tags", [])):  # folded on the page, so in Jupyter too
            cell.metadata["jupyter"] = {"source_hidden": True}
        if cell.execution_count is not None:
            count += 1
            cell.execution_count = count
        ignored = IGNORED in cell.metadata.get("tags", [])
        cell.outputs = [] if ignored else list(tidy_outputs(cell))
    return nbformat.writes(notebook, version=4) + "\n"


def tidy_outputs(cell: NotebookNode) -> Iterator[NotebookNode]:
    """The outputs of a cell that nbval compares, with its printed text in one piece."""
    printed = "".join(o["text"] for o in cell["outputs"] if o.get("name") == "stdout")
    if printed:
        yield nbformat.v4.new_output("stream", name="stdout", text=printed)
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            yield output
        elif "data" in output:
            data = {kind: value for kind, value in output["data"].items() if kind not in UNCOMPARED}
            glued = {key: value for key, value in output["metadata"].items() if key == "scrapbook"}
            if data and output["output_type"] == "execute_result":
                yield nbformat.v4.new_output(
                    "execute_result",
                    data=data,
                    metadata=glued,
                    execution_count=cell["execution_count"],
                )
            elif data:
                yield nbformat.v4.new_output("display_data", data=data, metadata=glued)


def run(path: Path, notebook: NotebookNode) -> NotebookNode:
    """Execute all cells from the top, in the notebook's own folder.

    Raises:
        CellExecutionError: If a cell fails.
        ValueError: If a cell whose output is compared writes to stderr: a warning, or a progress
            bar whose cell lacks its tag.
    """
    NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # ipykernel warns of its transport
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code" and IGNORED not in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if output.get("name") == "stderr":
                    raise ValueError(f"cell {cell.id} writes to stderr:\n{output.text}")
    return notebook


def main(arguments: list[str] | None = None) -> int:
    """Run, tidy or check. 0 if all is well, 1 if not, 2 for a usage error."""
    parser = argparse.ArgumentParser(description="Run the notebooks in place, in committed form.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--tidy", action="store_true", help="do not run them")
    mode.add_argument("--check", action="store_true", help="change nothing; 1 if one is not tidy")
    mode.add_argument("--list", action="store_true", help="change nothing; name them")
    parser.add_argument("notebook", nargs="*", type=Path, help="default: all of notebooks/")
    options = parser.parse_args(arguments)
    for path in options.notebook:
        if not path.is_file() or path.suffix != ".ipynb":
            parser.error(f"notebook: expected an .ipynb file, got {path}")
    if options.list:
        print(*(os.path.relpath(path) for path in options.notebook or notebooks()), sep="\n")
        return 0
    failed = False
    for path in options.notebook or notebooks():
        start = time.perf_counter()
        try:
            if not options.check:
                storage.make_sure_of(path)  # before it is run, not after
            notebook = read(path)
            before = path.read_text(encoding="utf-8")
            text = tidy(notebook if options.tidy or options.check else run(path, notebook))
        except (CellExecutionError, nbformat.ValidationError, ValueError, OSError) as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            failed = True
            continue
        changed = text != before
        if options.check:
            failed |= changed
            if changed:
                print(
                    f"{path.name}: not in its committed form, run `make notebooks`", file=sys.stderr
                )
            continue
        if changed:
            storage.write_whole(path, text.encode())
        print(
            f"{path.name}: {'written' if changed else 'unchanged'}, "
            f"{time.perf_counter() - start:.0f} s"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    command.run(main)
