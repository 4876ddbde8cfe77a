"""The command line: python -m rnn_course ledger, experiment NAME, evaluate NAME, g2p WORD."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rnn_course import experiments, ledger, ledger_report
from rnn_course.command import STOPPED
from rnn_course.devices import Device, find_device
from rnn_course.training.checkpoints import CheckpointError

if TYPE_CHECKING:
    from rnn_course.tasks.dictionary import Dictionary

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
FILE_HELP = (
    "dictionary of words, in UTF-8: on each line a word and its phones, as CMUdict writes them"
)

SPELLERS = ("pronunciation", "g2p")
"""The experiments whose networks say words, the better one first."""
DEVICE_HELP = "where to compute: cpu, cuda, mps, xpu"
BEST = "(default: the accelerator if there is one)"


def _parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(prog="python -m rnn_course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    command = commands.add_parser("ledger", help="what the lecture claims, and what was measured")
    command.add_argument("--markdown", action="store_true", help="as the page of the book")
    command.add_argument(
        "--notebooks",
        type=Path,
        metavar="FOLDER",
        help="where the executed notebooks are (default: those of the checkout)",
    )

    command = commands.add_parser("experiment", help="a long run: minutes to hours, resumable")
    command.add_argument(
        "name", choices=experiments.NAMES, help="which one: %(choices)s", metavar="NAME"
    )
    command.add_argument(
        "--folder", type=Path, help="where the results file is (default: with the package)"
    )
    command.add_argument(
        "--test-words",
        type=Path,
        metavar="FILE",
        help=f"{' and '.join(SPELLERS)} only: hold out the words of this {FILE_HELP}",
    )
    command.add_argument(
        "--dictionary",
        type=Path,
        metavar="FILE",
        help="with --test-words: learn from the words of this dictionary instead of CMUdict's",
    )
    command.add_argument("--device", metavar="NAME", help=f"{DEVICE_HELP} {BEST}")
    command.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        default=1,
        help="how many trials run at a time, each in a process of its own (default: 1)",
    )
    command.add_argument(
        "--backend",
        choices=["processes", "dask"],
        default="processes",
        help="where trials run: in processes of this machine (default), or on the workers of a "
        "Dask scheduler",
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="dask only: such as tcp://10.0.0.1:8786"
    )

    command = commands.add_parser(
        "evaluate",
        help="error rates of a trained network",
        description="Error rates of a trained network. It was trained "
        "once, so another seed may give others.",
    )
    command.add_argument("name", choices=SPELLERS, metavar="NAME", help="which: %(choices)s")
    command.add_argument(
        "--words",
        type=Path,
        metavar="FILE",
        dest="test_words",
        help=f"score on the words of this {FILE_HELP}; they must have been held "
        "out (experiment NAME --test-words FILE), and the stress is scored if "
        "the file has it",
    )
    command.add_argument(
        "--dictionary",
        type=Path,
        metavar="FILE",
        help="with --words: the dictionary that the network learnt from instead of CMUdict",
    )
    command.add_argument("--folder", type=Path, help="where the weights are")
    command.add_argument("--device", metavar="NAME", help=f"{DEVICE_HELP} {BEST}")

    command = commands.add_parser(
        "g2p",
        help="how a word is pronounced",
        description="How is this word pronounced? The network's own guess, "
        "for any string of letters, whether it is a word or not: it "
        "looks nothing up.",
    )
    command.add_argument("words", nargs="+", metavar="WORD", help="letters a to z and apostrophes")
    command.add_argument(
        "--folder", type=Path, help="where the weights are (default: with the package)"
    )
    command.add_argument(
        "--device",
        metavar="NAME",
        default="cpu",
        help=f"{DEVICE_HELP} (default: cpu; a GPU takes longer to start than this takes)",
    )
    command.add_argument(
        "--network",
        dest="name",
        choices=SPELLERS,
        default=SPELLERS[0],
        help="whose guess: that of chapter 13 (pronunciation) or of chapter 7 (g2p) (default: "
        "%(default)s)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit status.

    0: all is well; 1: the ledger and the notebooks disagree; 2: usage error; 130: a run was
    stopped.
    """
    parser = _parser()
    options = parser.parse_args(arguments)

    # Show what the package logs, for example that results cannot be kept.
    logging.basicConfig(format="%(message)s")
    logging.getLogger("rnn_course").setLevel(logging.INFO)

    if options.command == "ledger":
        notebooks = options.notebooks or NOTEBOOKS
        if not options.notebooks and not notebooks.is_dir():
            parser.error(
                "ledger: the measurements are in the executed notebooks, which are "
                "not installed with the package. Clone the course and run this there, or "
                "say where they are: --notebooks FOLDER"
            )
        if not notebooks.is_dir():
            parser.error(f"--notebooks: expected a folder of notebooks, got {notebooks}")
        try:
            found = ledger.verdicts(notebooks)
        except (ValueError, OSError) as error:
            parser.error(str(error))
        return show_ledger(found, options.markdown)
    # The dictionary and what reads it take seconds to import: not for the ledger.
    from rnn_course.experiments import spellers
    from rnn_course.tasks.dictionary import read_file

    test_words = getattr(options, "test_words", None)
    if options.name not in SPELLERS and test_words:
        parser.error(f"--test-words: only {' and '.join(SPELLERS)} can hold out words")
    dictionary = getattr(options, "dictionary", None)
    if dictionary and not test_words:
        parser.error(
            "--dictionary: expected words that are held out as well (--test-words, or --words)"
        )
    on_dask = getattr(options, "backend", None) == "dask"
    if on_dask != bool(getattr(options, "scheduler", None)):
        parser.error("--backend dask, --scheduler ADDRESS: expected both or neither")
    try:
        # Of the workers' devices this machine knows nothing.
        device = options.device if on_dask else find_device(options.device)
        words, other = (path and read_file(path, stress=True) for path in (test_words, dictionary))
        experiment, folder = (
            spellers.held_out(words, options.name, other)
            if words
            else (experiments.find(options.name), experiments.FOLDER)
        )
        folder = options.folder or folder
        if options.command == "experiment":
            return run_experiment(
                experiment, folder, device, jobs=options.jobs, scheduler=options.scheduler
            )
        if options.command == "evaluate":
            return show_rates(options.name, folder, words, device)
        return say_words(options.name, options.words, folder, device)
    except spellers.NoWeights as error:
        how = "".join(
            f" {option} {shlex.quote(str(value))}"
            for option, value in (
                ("--test-words", test_words),
                ("--dictionary", dictionary),
                ("--folder", options.folder),
            )
            if value
        )
        print(
            f"{error}. Train them; a stopped run resumes where it was:\n"
            f"    python -m rnn_course experiment {options.name}{how}",
            file=sys.stderr,
        )
    except BrokenPipeError:  # the reader has gone: see command.run
        raise
    except (OSError, ValueError, CheckpointError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
    return 2


def show_ledger(found: Sequence[ledger.Verdict], markdown: bool = False) -> int:
    """Print the ledger, and on stderr where it and the notebooks' verdicts disagree."""
    statements = ledger.load()
    wrong = ledger.problems(statements, found)
    if wrong:
        print("The ledger and the notebooks disagree:", *wrong, sep="\n  ", file=sys.stderr)
    write = ledger_report.as_markdown if markdown else ledger_report.as_text
    print(write(statements, found))
    return 1 if wrong else 0


def run_experiment(
    experiment: experiments.Experiment, folder: Path, device: Device = None, **where: Any
) -> int:
    """Run the trials that an experiment's results file lacks; if interrupted, say how to resume."""
    print(f"{experiment.about} {len(experiment.settings)} trials.", file=sys.stderr)
    try:
        path = experiments.run(experiment, folder, device=device, **where)
    except KeyboardInterrupt:
        print("Stopped. Nothing is lost: the same command resumes from here.", file=sys.stderr)
        return STOPPED
    print(path)
    return 0


def show_rates(name: str, folder: Path, words: Dictionary | None, device: Device = None) -> int:
    """Print phoneme and word error rates of a trained network on words it has not seen."""
    from rnn_course.experiments import g2p, spellers

    model, task, held_out = spellers.trained(folder, words, name)
    if held_out != spellers.mark(words):
        raise ValueError(
            f"--folder: expected weights for which these words were held out, "
            f"got others in {folder}"
        )
    model.to(find_device(device))
    print(
        f"{len(task.test):,} words that were not in training; any listed pronunciation is right\n"
        "(one network, trained once: another seed's figures may differ)\n"
        f"{'':32}{'PER':>8}{'WER':>8}"
    )
    for decoding, width in (("greedy", None), (f"beam of {g2p.WIDTH}", g2p.WIDTH)):
        rates = g2p.scores(model, task, task.test, width)
        for form, end in (("stress removed", ""), ("with stress", "_stress")):
            if f"per{end}" in rates:  # a file need not have the stress
                print(
                    f"{f'{decoding}, {form}':32}{rates[f'per{end}']:8.2%}{rates[f'wer{end}']:8.2%}"
                )
    return 0


def say_words(name: str, words: Sequence[str], folder: Path, device: Device = None) -> int:
    """Print each word with the phones that a trained network gives it.

    Words whose phones were cut off at the limit are named on stderr. It runs on one thread: for a
    few words, more threads would only wait, and use processor time while they do.
    """
    from rnn_course.experiments import g2p, spellers

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model, symbols, _ = spellers.speller(folder, name)
        model.to(find_device(device))
        said = g2p.say(model, symbols, *spellers.spelled(words, symbols), g2p.WIDTH)
    finally:
        torch.set_num_threads(threads)
    for word, phones in zip(words, said, strict=True):
        print(f"{word}  {' '.join(phones)}")
        if len(phones) == g2p.STEPS:
            print(
                f"{word}: stopped after {g2p.STEPS} phones, before the network wrote an end symbol",
                file=sys.stderr,
            )
    return 0
