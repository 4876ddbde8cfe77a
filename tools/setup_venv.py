"""Make the virtual environment from the pinned requirements: python tools/setup_venv.py [.venv]

Uses the standard library only. Does nothing when the requirements have not changed since the last
time. pip's own configuration and environment variables stay in force.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt", "pyproject.toml")
# PyTorch's wheels without CUDA. Elsewhere the ordinary index serves Linux several gigabytes of it.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def fingerprint(python: Path) -> str:
    """The hash of everything that decides what gets installed, and where."""
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
    except (urllib.error.URLError, OSError):
        print("PyTorch's CPU wheels do not answer: pip takes torch from its usual sources.")
        return []


def works(python: Path) -> bool:
    """Whether this interpreter is there, can be started, and has pip."""
    try:
        started = subprocess.run([python, "-m", "pip", "--version"], capture_output=True)
        return started.returncode == 0
    except OSError:
        return False


def main(folder: str = ".venv") -> None:
    """Create the environment if need be, and install what the requirements name."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this runs before anything is checked)
        sys.exit(f"Python 3.11 or newer is needed, this is {platform.python_version()}: "
                 "try `make PYTHON=python3.11`")
    target = (ROOT / folder).resolve()
    python = target / "bin" / "python"
    stamp = target / ".requirements"
    wanted = fingerprint(python)
    if stamp.exists() and stamp.read_text() == wanted and works(python):
        stamp.touch()
        return
    if not works(python):
        venv.create(target, with_pip=True, clear=target.exists())
    stamp.unlink(missing_ok=True)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    requirements = str(ROOT / "requirements-dev.txt")
    commands = [
        [*pip, "--requirement", requirements, *torch_index_options()],
        # The package itself, as links into this folder, so that every kernel finds rnn_course.
        [*pip, "--no-deps", "--no-build-isolation", "--quiet", "--editable", str(ROOT)],
    ]
    for command in commands:
        if code := subprocess.run(command).returncode:
            sys.exit(code)
    stamp.write_text(wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
