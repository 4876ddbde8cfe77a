"""The chapters under other conditions: more threads, another hash seed, no network.

nbval runs every notebook and compares the outputs with the committed ones. Those were made with
any hash seed and with a network; here there are two threads, hash seed 2 and no network. Time and
memory are measured. What has passed is kept, so that the pages show it and no chapter is run twice.
(`pytest --nbval notebooks` compares under your own conditions.)
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rnn_course.notebooks import chapters

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import site_fixes  # noqa: E402
from figures import draw_sharply_in  # noqa: E402

NOTEBOOKS = chapters(ROOT / "notebooks")
SECONDS = 120  # a chapter's budget is 60 s on two free cores; a busy machine gets twice that
GIGABYTES = 1.5


# Bring up the loopback device, which Jupyter's kernels need: SIOCSIFFLAGS, IFF_UP.
LOOPBACK = (
    "import fcntl, os, socket, struct, sys;"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh22x', b'lo', 1));"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def without_network() -> list[str]:
    """A prefix that cuts a command off from the network; empty if this user may not do so."""
    for rights in [], ["--map-root-user"]:
        cut = ["unshare", "--net", *rights, sys.executable, "-c", LOOPBACK]
        if (
            shutil.which("unshare")
            and subprocess.run([*cut, sys.executable, "-c", ""], capture_output=True).returncode
            == 0
        ):
            return cut
    return []


def memory(process: psutil.Process) -> int:
    """The resident bytes of the largest among a process and its descendants."""
    largest = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            largest = max(largest, each.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return largest


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_same_outputs_with_two_threads_another_hash_seed_and_no_network(
    path, record_property, tmp_path
):
    cut = without_network()
    plugins = ["-p", "no:cacheprovider", "-p", "tests.keep_executed"]
    command = [*cut, sys.executable, "-m", "pytest", *plugins, "--nbval", path]
    draw_sharply_in(tmp_path)
    environment = os.environ | {
        "OMP_NUM_THREADS": "2",
        "PYTHONHASHSEED": "2",
        "IPYTHONDIR": str(tmp_path),
        "KEPT": str(site_fixes.executed(ROOT, ROOT / "_build")),
    }
    start, peak = time.perf_counter(), 0
    with (tmp_path / "output").open("w+") as output:
        process = psutil.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                peak = max(peak, memory(process))
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.kill()
        seconds = time.perf_counter() - start
        output.seek(0)
        assert process.returncode == 0, output.read()
    record_property(
        path.stem,
        f"{seconds:.0f} s and {peak / 1e9:.2f} GB with two threads, network "
        + ("cut" if cut else "there (no right to cut it)"),
    )
    assert seconds < SECONDS
    assert peak < GIGABYTES * 1e9
