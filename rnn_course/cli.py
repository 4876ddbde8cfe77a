"""The command line: python -m rnn_course ledger, python -m rnn_course experiment NAME."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rnn_course import experiments, ledger

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0: all is well; 1: the ledger and the notebooks disagree, or a run was
    stopped; 2: misuse."""
    parser = argparse.ArgumentParser(prog="python -m rnn_course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    command = commands.add_parser("ledger", help="what the lecture claims, and what was measured")
    command.add_argument("--markdown", action="store_true", help="as the page of the book")
    command.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER",
                         help="where the executed notebooks are")
    command = commands.add_parser("experiment", help="a long run: minutes to hours, resumable")
    command.add_argument("name", choices=experiments.NAMES, help="which one: %(choices)s",
                         metavar="NAME")
    command.add_argument("--folder", type=Path, default=experiments.FOLDER,
                         help="where the results file is (default: with the package)")
    options = parser.parse_args(arguments)
    if options.command == "experiment":
        return run_experiment(options.name, options.folder)
    if not options.notebooks.is_dir():
        parser.error(f"--notebooks: expected a folder of notebooks, got {options.notebooks}")
    return show_ledger(options.notebooks, options.markdown)


def show_ledger(notebooks: Path, markdown: bool = False) -> int:
    """Print the ledger, and on stderr where it and the notebooks disagree."""
    statements, found = ledger.load(), ledger.verdicts(notebooks)
    wrong = ledger.problems(statements, found)
    if wrong:
        print("The ledger and the notebooks disagree:", *wrong, sep="\n  ", file=sys.stderr)
    print((ledger.as_markdown if markdown else ledger.as_text)(statements, found))
    return 1 if wrong else 0


def run_experiment(name: str, folder: Path) -> int:
    """Run what an experiment's results file lacks; interrupted, say how to go on."""
    experiment = experiments.find(name)
    print(f"{experiment.about} {len(experiment.settings)} trials.", file=sys.stderr)
    try:
        path = experiments.run(experiment, folder)
    except KeyboardInterrupt:
        print("Stopped. Nothing is lost: the same command goes on from here.", file=sys.stderr)
        return 1
    print(path)
    return 0
