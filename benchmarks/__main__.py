"""Measure, print, and exit with 1 if a gate is missed: `python -m benchmarks [--save]`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import grid, jobs, pairs, scan, tanh
from benchmarks.measure import machine
from rnn_course import command, storage
from rnn_course.progress import progress_bar

TABLE = Path(__file__).with_name("results.md")
SECONDS = 3.0
THREADS = (1, 2)

Figures = tanh.Row | tanh.Scaling | pairs.Row | grid.Row | jobs.Row | scan.Row | scan.Layer


def main() -> int:
    """Run all benchmarks; 0 if every gate is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help="for each row on one thread (default %(default)s)",
    )
    parser.add_argument("--save", action="store_true", help="write the table of the book's page")
    options = parser.parse_args()

    if options.save:
        storage.make_sure_of(TABLE)
    about = machine()
    found: list[Figures] = []
    with progress_bar(plan(options.seconds), unit="row") as bar:
        for name, measured in bar:
            bar.set_postfix_str(name)
            found.append(measured())
    rows = [row for row in found if isinstance(row, tanh.Row)]
    compared = [row for row in found if isinstance(row, pairs.Row)]
    grids = [row for row in found if isinstance(row, grid.Row)]
    scans = [row for row in found if isinstance(row, scan.Row)]
    layers = [row for row in found if isinstance(row, scan.Layer)]
    [scaling] = (row for row in found if isinstance(row, tanh.Scaling))
    [spread] = (row for row in found if isinstance(row, jobs.Row))
    text = "\n\n".join(
        [
            markdown(about, rows, scaling),
            pairs.markdown(compared),
            grid.markdown(grids),
            scan.markdown(scans, layers),
            jobs.markdown(spread),
        ]
    )
    missed = [line for row in found for line in row.short_of] + pairs.short_of(compared)
    text += "\n\n" + gates_missed(missed)
    print(text)
    if options.save:
        storage.write_whole(TABLE, (text + "\n").encode())
    return 1 if missed else 0


def plan(seconds: float) -> list[tuple[str, Callable[[], Figures]]]:
    """Everything that is measured, in order: a name, and the call that measures it."""
    rows: list[tuple[str, Callable[[], Figures]]] = [
        (f"tanh {shape}", partial(tanh.measure, shape, n, seconds))
        for n in THREADS
        for shape in tanh.SHAPES
    ]
    rows.append(("scaling", partial(tanh.scaling, seconds)))
    rows += [
        (f"{of.title} {shape}", partial(pairs.measure, of, shape, n, seconds))
        for of in pairs.COMPARISONS
        for n in THREADS
        for shape in pairs.SHAPES
    ]
    rows += [
        (f"two dimensions {shape}", partial(grid.measure, shape, n, seconds))
        for n in THREADS
        for shape in grid.SHAPES
    ]
    rows += [
        (f"scan {shape}", partial(scan.measure, shape, n, seconds))
        for n in THREADS
        for shape in scan.SHAPES
    ]
    rows += [("minGRU", partial(scan.measure_layer, n, seconds)) for n in THREADS]
    return [*rows, ("trials in processes", jobs.measure)]


def gates_missed(missed: Sequence[str]) -> str:
    """List the gates that this run missed, for the terminal and for the page."""
    if not missed:
        return "All gates were met in this run."
    return "\n".join(["**Gates missed in this run**", "", *(f"- {line}" for line in missed)])


def markdown(about: dict[str, str], rows: list[tanh.Row], scaling: tanh.Scaling) -> str:
    """The figures as the page shows them."""
    lines = [f"- {name}: {value}" for name, value in about.items()]
    for threads in sorted({row.threads for row in rows}):
        lines += [
            "",
            f"**{threads} thread{'s' if threads > 1 else ''}**",
            "",
            "| T, B, n_in, n_hidden | speed-up | torch.nn.RNN, ms | this package, ms "
            "| d2l-style loop, speed-up | limit, speed-up | this package / limit |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        lines += [
            f"| {', '.join(map(str, row.shape))} | **{row.speed_up:.2f}** | {row.torch:.2f} "
            f"| {row.ours:.2f} | {row.torch / row.d2l:.2f} "
            f"| {row.torch / row.limit:.2f} | {row.of_limit:.2f} |"
            for row in rows
            if row.threads == threads
        ]
    kept = scaling.bytes_ours / scaling.bytes_loop
    lines += [
        "",
        f"Time grows as T to the power {scaling.exponent:.2f} from T = "
        f"{scaling.steps[0]} to {scaling.steps[-1]}; between the two passes "
        f"the package keeps {kept:.2f} times as many bytes as the plain loop.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    command.run(main)
