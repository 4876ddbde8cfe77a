"""Eight equal trials of a long run, one after another and two at a time.

`python -m benchmarks.jobs` measures only that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.measure import interleaved
from rnn_course import RNN, GRUCell, command, experiments, fit
from rnn_course.tasks.base import Split

TRIALS, BATCHES = 8, 150  # of some seconds each, beside which starting a process is little
GATE = 1.25


class Net(nn.Module):
    """A GRU with 128 units, and the class of a sequence of 50 steps read off the last state."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.V = RNN(GRUCell(32, 128)), nn.Linear(128, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.V(self.rnn(x)[0][:, -1])


def trial(checkpoint: Path, progress: bool, device: Any, seed: int, batches: int) -> dict[str, Any]:
    """One epoch of that many batches of 32. The seed changes nothing: all trials are equal."""
    numbers = torch.Generator().manual_seed(0)
    x = torch.randn(32 * batches, 50, 32, generator=numbers)
    split = Split(x, x[:, -1, :8].argmax(1))
    torch.manual_seed(0)
    history = fit(
        Net(),
        lambda model, batch: cross_entropy(model(batch.x), batch.y),
        split,
        Split(x[:32], split.y[:32]),
        epochs=1,
        batch_size=32,
        checkpoint=checkpoint,
        device="cpu",
        progress=False,
    )
    return {"loss": history.loss[-1]}


def variants(
    folder: Path, trials: int = TRIALS, batches: int = BATCHES
) -> dict[str, Callable[[], object]]:
    """What is timed: the whole run with --jobs 1 and with --jobs 2, its results file included."""
    settings = tuple({"seed": seed, "batches": batches} for seed in range(trials))
    experiment = experiments.Experiment(
        "jobs", "Equal trials.", (), settings, trial, settings[:1], {"loss": 1.0}
    )

    def run(jobs: int) -> str:
        (folder / "jobs.json").unlink(missing_ok=True)
        path = experiments.run(
            experiment, folder, scratch=folder / "scratch", jobs=jobs, device="cpu", progress=False
        )
        return path.read_text(encoding="utf-8")

    return {"one": lambda: run(1), "two": lambda: run(2)}


@dataclass(frozen=True)
class Row:
    """The medians, in seconds, of all trials one after another, and two at a time."""

    one: float
    two: float
    processors: int
    trials: int = TRIALS

    @property
    def speed_up(self) -> float:
        """How many times faster two at a time are."""
        return self.one / self.two

    @property
    def short_of(self) -> list[str]:
        """The gate, if this row misses it; a machine with one processor cannot meet it."""
        if self.processors < 2 or self.speed_up >= GATE:
            return []
        return [f"--jobs 2: {self.speed_up:.2f} times as fast as --jobs 1, under {GATE}"]


def measure(trials: int = TRIALS, batches: int = BATCHES, rounds: int = 3) -> Row:
    """Both in turns; the processes are started by the first call, which is not timed."""
    with tempfile.TemporaryDirectory() as folder:
        medians = interleaved(variants(Path(folder), trials, batches), 0, at_least=rounds)
    return Row(medians["one"], medians["two"], joblib.cpu_count(), trials)


def markdown(row: Row) -> str:
    """The figures as the page shows them."""
    return (
        f"{row.trials} equal trials of a long run take {row.one:.1f} seconds one after another, "
        f"and {row.two:.1f} with `--jobs 2`: {row.speed_up:.2f} times as fast."
    )


def main() -> int:
    """Measure, print, and return 1 if the gate is missed; two to three minutes."""
    row = measure()
    print("\n".join([markdown(row), *row.short_of]))
    return 1 if row.short_of else 0


if __name__ == "__main__":
    command.run(main)
