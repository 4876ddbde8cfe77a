"""Put together what readers get, in _build/reader: python tools/reader.py

That is the chapters and the homework as any program shows them, the package that they import, and
what Binder needs. The workflow `publish` puts it on a branch of its own. Needs the built site.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from rnn_course import command
from rnn_course.address import BRANCH, REPOSITORY, SITE, VERSION
from rnn_course.notebooks import read

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "_build" / "html" / "notebooks"
RELEASES = ROOT / "notebooks" / "homework" / "release"
TO = ROOT / "_build" / BRANCH
COPIED = (
    ".binder/requirements.txt",
    ".binder/postBuild",
    ".binder/runtime.txt",
    "LICENSE",
    "LICENSE-TEXT.md",
    "CITATION.cff",
    "constraints.txt",
    "pyproject.toml",
)
README = f"""# Recurrent neural networks, slide by slide: the notebooks

The chapters of [the course]({SITE}), version {VERSION}, as notebooks that Jupyter, VS Code and
Colab show as they are, the homework, and the package `rnn_course` that they import. All of it is
made from [the course's repository]({REPOSITORY}); changes belong there.

"""


def title(path: Path) -> str:
    """The heading of a notebook."""
    return "".join(read(path)["cells"][0]["source"]).partition("\n")[0].lstrip("# ")


def put_together(to: Path = TO) -> Path:
    """Write everything into a folder, in place of what was made there before.

    Raises:
        FileNotFoundError: If the site has not been built.
    """
    chapters = sorted(PAGES.glob("*.ipynb"))
    if not chapters:
        raise FileNotFoundError(2, "no readers' notebooks: run `make book` first", str(PAGES))
    shutil.rmtree(to, ignore_errors=True)
    made = {f"notebooks/{path.name}": path for path in chapters}
    made |= {f"homework/{path.name}": path for path in sorted(RELEASES.glob("*.ipynb"))}
    for name, path in [*made.items(), *((name, ROOT / name) for name in COPIED)]:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to / name)
    shutil.copytree(
        ROOT / "rnn_course", to / "rnn_course", ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    lines = "\n".join(f"- [{title(path)}]({name})" for name, path in made.items())
    (to / "README.md").write_text(f"{README}{lines}\n", encoding="utf-8")
    return to


def main() -> int:
    """Do so."""
    print(put_together())
    return 0


if __name__ == "__main__":
    command.run(main)
