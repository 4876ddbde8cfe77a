"""What the book's build needs beyond its configuration."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
VENDORED = ("vendor/katex/katex.min.css",)
#: everything that a notebook's outputs depend on besides the notebook
INPUTS = (
    "rnn_course/**/*.py",
    "rnn_course/**/*.toml",
    "rnn_course/**/*.json",
    "book/_ext/kernel_config.py",
    "requirements.txt",
    "constraints.txt",
)
#: the name of a folder of executed notebooks: the state of the code
CACHE = re.compile(r"[0-9a-f]{16}")
#: a line of a progress bar, as tqdm writes it into stderr
PROGRESS = re.compile(r".*\[(\d+:)+\d\d[<,].*")


def executed(root: Path, built: Path) -> Path:
    """The folder, among what is built, for what this state of the code has executed.

    jupyter-cache compares the notebooks alone, and would show old outputs of new code.
    """
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(path for pattern in INPUTS for path in root.glob(pattern)):
        if path.name.startswith(".") or not path.is_file() or "homework" in path.parts:
            continue  # an editor's, or the system's; and what no chapter imports
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return built / "executed" / digest.hexdigest()[:16]


def name_cache(app: Sphinx, config: Config) -> None:
    """Keep executed notebooks only as long as the code that they ran has not changed."""
    current = executed(Path(app.srcdir), Path(app.outdir).parent)
    for old in current.parent.glob("*"):
        # Only folders that were made here; a file manager may have put a file of its own beside.
        if old != current and CACHE.fullmatch(old.name) and old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(current)


def exclude_strangers(app: Sphinx, config: Config) -> None:
    """Leave out pages outside the table of contents, even if their names look like patterns.

    Their exact names have been added to `exclude_patterns`, but "[draft].ipynb" does not match
    itself.
    """
    config.exclude_patterns = [
        pattern.replace("[", "?") if (Path(app.srcdir) / pattern).is_file() else pattern
        for pattern in config.exclude_patterns
    ]


def require_vendored(app: Sphinx) -> None:
    """Stop before the notebooks are run if the site's scripts have not been fetched."""
    folders = [Path(app.confdir) / folder for folder in app.config.html_static_path]
    for name in VENDORED:
        if not any((folder / name).exists() for folder in folders):
            raise ExtensionError(f"{name} is missing: run `python tools/vendor.py` first")


def report_stderr(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of everything in the notebooks' stderr that is not a progress bar.

    The pages leave out stderr, so warnings from a chapter's code would be lost otherwise.
    """
    for docname in sorted(env.found_docs):
        path = Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"
        if not env.doc2path(docname).endswith(".ipynb"):
            continue
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for line in stderr_lines(cell.get("outputs", [])):
                LOGGER.warning("stderr: %s", line, location=docname)


def stderr_lines(outputs: Iterable[dict]) -> list[str]:
    """The lines that a cell wrote into stderr, without progress bars and empty lines."""
    texts = ("".join(o["text"]) for o in outputs if o.get("name") == "stderr")
    lines = (line.strip() for text in texts for line in re.split(r"[\r\n]", text))
    return [line for line in lines if line and not PROGRESS.fullmatch(line)]


def require_pages(app: Sphinx, exception: Exception | None) -> None:
    """Stop if a page of the table of contents has not been written: a build can be empty."""
    if exception or app.builder.name != "html":
        return
    pages = list(app.config.external_site_map)
    missing = [page for page in pages if not (Path(app.outdir) / f"{page}.html").exists()]
    if missing:
        raise ExtensionError(f"not built: {', '.join(missing)}")


def skip_bare_fields(
    app: Sphinx, what: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Leave out a named tuple's fields, whose own docstrings give no more than their number."""
    return True if (getattr(thing, "__doc__", "") or "").startswith("Alias for field") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.connect("config-inited", name_cache)
    app.connect("config-inited", exclude_strangers, priority=950)  # after sphinx_external_toc
    app.connect("builder-inited", require_vendored)
    app.connect("env-check-consistency", report_stderr)
    app.connect("build-finished", require_pages)
    app.connect("autodoc-skip-member", skip_bare_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
