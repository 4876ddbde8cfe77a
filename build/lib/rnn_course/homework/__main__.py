"""Homework: python -m rnn_course.homework build, check FILE, grade FOLDER, prove."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rnn_course import command
from rnn_course.homework import check, grade, report
from rnn_course.homework.assignment import PUBLIC, RELEASE, load, names
from rnn_course.homework.run import Limits

INSTRUCTOR = 'needs the lecturer\'s packages: pip install "rnn-course[instructor]"'


def main() -> int:
    """Do as the command line says; 0 if all is well."""
    options = _parser().parse_args()
    try:
        return options.do(options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"{options.command}: {INSTRUCTOR} ({error})", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rnn_course.homework", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    key = argparse.ArgumentParser(add_help=False)
    key.add_argument("--key", default=PUBLIC, help="a word that draws a version (default: public)")

    one = commands.add_parser("build", parents=[key], help="make the notebooks that students get")
    one.add_argument(
        "--to", type=Path, help="folder (default: the repository's, for the public key)"
    )
    one.add_argument(
        "--solutions", action="store_true", help="with solutions, as nbgrader's source/"
    )
    one.set_defaults(do=_build)

    one = commands.add_parser("check", help="what a notebook passes so far")
    one.add_argument("file", type=Path)
    one.add_argument("--seconds", type=float, default=Limits.seconds, help="for one cell")
    one.set_defaults(do=_check)

    one = commands.add_parser("grade", parents=[key], help="mark a folder of notebooks")
    one.add_argument("folder", type=Path)
    one.add_argument("--homework", required=True, help="the assignment: hw1, hw2, …")
    one.add_argument("--to", type=Path, help="folder for the results (default: FOLDER-graded)")
    one.add_argument("--seconds", type=float, default=Limits.seconds, help="for one cell")
    one.add_argument("--megabytes", type=int, default=Limits.megabytes, help="for one notebook")
    one.add_argument("--seed", type=int, default=0, help="for the checks' random cases")
    one.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    one.set_defaults(do=_grade)

    one = commands.add_parser("prove", help="show that the checks catch each mutant")
    one.add_argument("--keys", type=int, default=1, help="so many keys, the public one first")
    one.add_argument("--jobs", type=int, default=1, help="so many processes")
    one.add_argument("names", nargs="*", help="assignments (default: all)")
    one.set_defaults(do=_prove)
    return parser


def _build(options: argparse.Namespace) -> int:
    from rnn_course.homework import build, pages  # a lecturer's packages, which students lack

    if options.to is None and (options.solutions or options.key != PUBLIC):
        raise ValueError(
            "--to: expected a folder; the repository holds releases of the public key only"
        )
    for name in names():
        made = load(name, options.key)
        if options.solutions:
            build.write(build.notebook(made), options.to / name / f"{name}.ipynb")
        else:
            build.write(build.release(made), (options.to or RELEASE) / f"{name}.ipynb")
        if options.to is None:
            pages.write(made)
        if made.release != load(name).release and made.checks == load(name).checks:
            print(f"{name}: answers to the public version pass here too; another word draws anew")
    print(f"{len(names())} assignments written to {options.to or RELEASE}")
    return 0


def _check(options: argparse.Namespace) -> int:
    earned = of = 0
    for name, points, wrong in check.check(options.file, Limits(options.seconds)):
        print(
            f"{'passes' if not wrong else 'fails '}  {name}  ({points} point{'s' * (points != 1)})",
            end="",
        )
        print(f"\n        {wrong}" if wrong else "")
        earned, of = earned + points * (not wrong), of + points
    print(
        f"\nThe checks in this notebook give {earned} of {of} points. A lecturer's copy may look"
        "\nat more than they do, and what you wrote in words or drew is marked by hand."
    )
    return 0 if earned == of else 1


def _grade(options: argparse.Namespace) -> int:
    given = load(options.homework, options.key)
    files = sorted(
        path for path in options.folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in str(path)
    )
    if not files:
        raise ValueError(f"folder: expected notebooks in {options.folder}, found none")
    to = options.to or options.folder.with_name(f"{options.folder.name}-graded")
    limits = Limits(options.seconds, options.megabytes)
    key = grade.answer_key(given, options.seed)
    graded = []
    with ThreadPoolExecutor(options.jobs) as pool:
        one = partial(grade.grade, assignment=given, key=key, seed=options.seed, limits=limits)
        students = [path.relative_to(options.folder).with_suffix("").as_posix() for path in files]
        for each in pool.map(one, files, students):
            graded.append(each)
            report.write(report.page(each, given), to / f"{each.student}.html")
            report.write(report.table(graded, given), to / f"{given.name}.csv")
            print(f"{each.student}: {each.points} of {each.of}")
    print(f"Points: {to / f'{given.name}.csv'}; a page for each student beside it.")
    return 0


def _prove(options: argparse.Namespace) -> int:
    from joblib import Parallel, delayed

    from rnn_course.homework import mutants  # a lecturer's packages, which students lack

    def proof(name: str, key: str) -> mutants.Proof:
        return mutants.prove(load(name, key))

    keys = [PUBLIC, *(f"key {n}" for n in range(1, options.keys))]
    wrong: list[str] = []
    every = seen = 0
    for name in options.names or names():
        caught = visible = of = 0
        for found in Parallel(options.jobs)(delayed(proof)(name, key) for key in keys):
            wrong += found.wrong
            caught += sum(each.caught for each in found.verdicts)
            visible += sum(each.visible for each in found.verdicts)
            of += len(found.verdicts)
        print(f"{name}: {caught} of {of} mutants caught by the lecturer's checks, "
              f"{visible} ({visible / of:.0%}) by those that students see")  # fmt: skip
        every, seen = every + of, seen + visible
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"in total {every} mutants; {seen / every:.0%} caught by what students see")
    return 1 if wrong else 0


if __name__ == "__main__":
    command.run(main)
