"""Run readers' notebooks where readers run them: python tools/elsewhere.py PLACE [NOTEBOOK ...]

PLACE is `binder`, `colab` or `wheel`. An environment is made in _build/elsewhere/PLACE: for Binder
from `.binder/` alone, for Colab from the versions in tools/colab.txt, for the wheel from nothing;
and then, for the last two, the package's wheel. The notebooks are those of _build/reader (see
tools/reader.py), by default all chapters; nbval runs each from the top and compares the verdicts.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import venv
from pathlib import Path

from rnn_course import command

ROOT = Path(__file__).resolve().parent.parent
READER = ROOT / "_build" / "reader"
WHERE = ROOT / "_build" / "elsewhere"
RUNNER = ["nbval", "pytest", "ipykernel"]
#: without the checkout's path, the package is the one that is installed
OUTSIDE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def requirements(place: str) -> list[str]:
    """What pip installs, before the package, if it is this place."""
    if place == "binder":
        return ["-r", str(READER / ".binder" / "requirements.txt")]
    if place == "colab":
        # The course's torch: for this Python, Colab's may be had with CUDA alone.
        ours = re.search(r"^torch==.*", (ROOT / "requirements.txt").read_text("utf-8"), re.M)
        lines = (ROOT / "tools" / "colab.txt").read_text(encoding="utf-8").splitlines()
        return [ours[0] if line.startswith("torch=") else line for line in lines if line[0] != "#"]
    return []


def environment(place: str) -> Path:
    """Make the environment, if it is not there; its Python."""
    folder = WHERE / place
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if python.exists():
        return python
    venv.create(folder, with_pip=True)
    if needed := requirements(place):
        subprocess.run([*pip, *needed], check=True, cwd=READER, env=OUTSIDE)
    if place == "binder":
        subprocess.run(
            ["bash", ".binder/postBuild"],
            check=True,
            cwd=READER,
            env=OUTSIDE | {"PATH": f"{python.parent}:{os.environ['PATH']}"},
        )
    else:
        dist = WHERE / "dist"
        subprocess.run(
            [*pip[:3], "wheel", "--quiet", "--no-deps", "--wheel-dir", str(dist), str(READER)],
            check=True,
            env=OUTSIDE,
        )
        subprocess.run([*pip, *map(str, dist.glob("*.whl"))], check=True, env=OUTSIDE)
    size = subprocess.run(["du", "-sm", str(folder)], capture_output=True, text=True).stdout
    print(f"{place}: {size.split()[0]} MB")
    subprocess.run([*pip, *RUNNER], check=True, env=OUTSIDE)
    return python


def main() -> int:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("place", choices=["binder", "colab", "wheel"])
    parser.add_argument("notebooks", nargs="*", type=Path)
    options = parser.parse_args()
    python = environment(options.place)
    notebooks = options.notebooks or sorted((READER / "notebooks").glob("*.ipynb"))
    done = subprocess.run(
        [str(python), "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "--rootdir", ".",
         "-c", os.devnull, *(str(path.resolve()) for path in notebooks)],
        cwd=WHERE, env=OUTSIDE,
    )  # fmt: skip
    return done.returncode


if __name__ == "__main__":
    command.run(main)
