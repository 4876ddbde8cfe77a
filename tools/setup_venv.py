"""Make the virtual environment from the pinned requirements: python tools/setup_venv.py [.venv]

Uses the standard library only. Does nothing when the requirements have not changed since the last
time. pip's own configuration and environment variables stay in force.

An environment that no longer starts is replaced, in place. Nothing else is ever emptied: see
`refusal`.
"""

import hashlib
import http.client
import os
import platform
import shutil
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt", "pyproject.toml")
# PyTorch's wheels without CUDA. Elsewhere the ordinary index serves Linux several gigabytes of it.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# What venv, pip, Jupyter and this file put into an environment's folder.
PARTS = {
    "bin",
    "doc",
    "etc",
    "include",
    "lib",
    "lib64",
    "man",
    "pyvenv.cfg",
    "share",
    "src",
    ".gitignore",
    ".requirements",
}


def fingerprint(python: Path) -> str:
    """The hash of everything that determines what is installed, and where."""
    digest = hashlib.sha256(f"{python} {sys.version}".encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def torch_index_options() -> list[str]:
    """pip's option for the CPU wheels: on Linux without an NVIDIA GPU, if the index answers."""
    has_gpu = shutil.which("nvidia-smi") or Path("/proc/driver/nvidia").exists()
    if platform.system() != "Linux" or has_gpu:
        return []
    request = urllib.request.Request(f"{TORCH_CPU_INDEX}/torch/", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=4):
            return ["--extra-index-url", TORCH_CPU_INDEX]
    # ValueError and HTTPException: a proxy in the environment whose address is not valid.
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(
            f"PyTorch's CPU wheels do not answer ({error}): pip takes torch from its usual sources."
        )
        return []


def works(python: Path) -> bool:
    """Does this interpreter exist, start, and have pip?"""
    try:
        started = subprocess.run([python, "-m", "pip", "--version"], capture_output=True)
        return started.returncode == 0
    except OSError:
        return False


def refusal(target: Path) -> str | None:
    """Why `target` cannot become the environment, or cannot be replaced if it is one; or None.

    It can if it does not exist, or is an empty folder. Otherwise it may be emptied only if it is an
    environment and nothing more, is not reached through a link, and does not contain the course.
    """
    if target.exists() and not target.is_dir():
        return "it is not a folder"
    if target.resolve() in (ROOT, *ROOT.parents):
        return "it holds the course itself"
    if not target.exists() or not any(target.iterdir()):
        return None
    if link := next((path for path in (target, *target.parents) if path.is_symlink()), None):
        return f"{link} is a link, and nothing is emptied behind one"
    if not (target / "pyvenv.cfg").is_file():
        return "it is a folder with other files, and no virtual environment"
    if others := sorted(set(os.listdir(target)) - PARTS):
        return f"it holds more than a virtual environment: {', '.join(others)}"
    return None


def main(folder: str = ".venv") -> None:
    """Create the environment if need be, and install what the requirements name."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this runs before anything is checked)
        sys.exit(
            f"Python 3.11 or newer is needed, this is {platform.python_version()}: "
            "try `make PYTHON=python3.11`"
        )
    target = Path(os.path.abspath(ROOT / folder))  # not resolved: `refusal` looks for links
    python = target / "bin" / "python"
    stamp = target / ".requirements"
    wanted = fingerprint(python)
    if stamp.exists() and stamp.read_text() == wanted and works(python):
        stamp.touch()
        return
    if not (target / "pyvenv.cfg").is_file() or not works(python):
        if why := refusal(target):
            sys.exit(
                f"{target}: no virtual environment can be made here: {why}. Name another "
                "folder (`make VENV=...`), or remove this one yourself."
            )
        try:
            venv.create(target, with_pip=True, clear=target.exists())
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"{target}: no virtual environment can be made here: {error}")
    stamp.unlink(missing_ok=True)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    requirements = str(ROOT / "requirements-dev.txt")
    commands = [
        # Python compiles what is imported; pip would compile everything, for half a minute.
        [*pip, "--no-compile", "--requirement", requirements, *torch_index_options()],
        # The package itself, as links into this folder, so that every kernel finds rnn_course.
        [*pip, "--no-deps", "--no-build-isolation", "--quiet", "--editable", str(ROOT)],
    ]
    for command in commands:
        if code := subprocess.run(command).returncode:
            sys.exit(code)
    stamp.write_text(wanted)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. The same command goes on from here.\n")
        sys.exit(130)
