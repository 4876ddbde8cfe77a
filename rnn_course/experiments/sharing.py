"""How many sentences it takes, tied and untied, and what a network makes of places it never saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course.cells import ElmanCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.networks.sharing import BagOfWords, Convolution, DeepSummariser, WindowNetwork
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.summarise import Summariser
from rnn_course.tasks.base import Batch, Split
from rnn_course.tasks.years.task import YearTask, make_years
from rnn_course.training.fit import evaluate, fit

LONGEST = 18
"""The longest sentences of the tests: so many layers, or places of the window, there must be."""

CELLS = tuple(
    (length, position) for length in range(6, LONGEST + 1) for position in range(2, length + 1)
)
"""The cells (length, position) that are tested, in the order of the figure `map`."""

EACH = 20  # test sentences a cell
SIZES = (500, 1000, 2000, 4000, 8000, 16000)
SEEDS = range(5)
GAP = "all but words 5 and 6"
TRAINED = {
    "word 2": ((2,), range(6, 13)),
    "words 2 and 6": ((2, 6), range(6, 13)),
    GAP: ((2, 3, 4, 7, 8, 9, 10, 11, 12), range(6, 13)),
    "words 2 to 12": (range(2, 13), range(6, 13)),
    "every word, every length": (range(2, LONGEST + 1), range(6, LONGEST + 1)),
}
"""By what a figure calls them: where the year stands in training, and how long sentences are."""

E, H = 32, 64  # numbers for a word, hidden units
# With 11 hidden units, twelve untied layers have about as many numbers in U, W and b as the tied
# network with 64 has; with 257, the tied network has as many as twelve untied layers with 64.
NETWORKS = {
    "tied": lambda n, m: Summariser(n, E, ElmanCell(E, H), m),
    "untied": lambda n, m: DeepSummariser(n, E, _own(H), m),
    "untied, narrow": lambda n, m: DeepSummariser(n, E, _own(11), m),
    "tied, wide": lambda n, m: Summariser(n, E, ElmanCell(E, 257), m),
    "window": lambda n, m: WindowNetwork(n, E, LONGEST, H, m),
    "convolution": lambda n, m: Convolution(n, E, H, m),
    "bag of words": BagOfWords,
}
"""The networks by name: from the numbers of symbols and of labels."""

# Until the validation loss no longer falls, at each size; chosen on the validation sentences.
STEPS = {"window": 800, "convolution": 600, "bag of words": 800}
BATCH = 64


def _own(n_hidden: int) -> list[ElmanCell]:
    """A cell for each layer."""
    return [ElmanCell(E, n_hidden) for _ in range(LONGEST)]


def network(name: str, task: YearTask, seed: int) -> nn.Module:
    """One of `NETWORKS` for the task, its weights drawn from the seed."""
    torch.manual_seed(seed)
    return NETWORKS[name](len(task.symbols), len(task.labels))


def train(model: nn.Module, data: Split, steps: int, *, lr: float = 5e-3, **more: Any) -> None:
    """Train a network to say the year, for about so many steps; the rest goes to `fit`."""
    fit(
        model,
        lambda model, batch: F.cross_entropy(model(batch.x, batch.lengths), batch.y),
        data,
        epochs=max(1, round(steps * BATCH / len(data))),
        batch_size=BATCH,
        lr=lr,
        optimiser=partial(torch.optim.AdamW, fused=True),
        **more,
    )


def right(model: nn.Module, batch: Batch | Split) -> Tensor:
    """(B,): 1 where the network's first choice is the year, else 0."""
    return (model(batch.x, batch.lengths).argmax(1) == batch.y).float()


def share_right(
    model: nn.Module, task: YearTask, cells: Sequence[tuple[int, int]], each: int
) -> Tensor:
    """The share of test sentences answered rightly in each cell: (cells,)."""
    with torch.no_grad():
        return right(model, _at(task, tuple(cells), each)).double().view(len(cells), each).mean(1)


@cache
def _at(task: YearTask, cells: tuple[tuple[int, int], ...], each: int) -> Split:
    return task.at(cells, each)


@cache
def _task(n_train: int, trained: str, seed: int) -> YearTask:
    positions, lengths = TRAINED[trained]
    return make_years(n_train, positions=positions, lengths=lengths, seed=seed)


def trial(
    checkpoint: Path,
    progress: bool,
    device: Device,
    model: str,
    n_train: int,
    trained: str,
    steps: int,
    seed: int,
) -> dict[str, Any]:
    """Train one network on one training set; test it on every length and position.

    The seed draws the training sentences, the weights and the order of the sentences. `train` and
    `test` are the shares answered rightly where the network was trained; `new_positions` those in
    the cells of a trained length that training left out, `longer` those at trained positions in
    sentences longer than all in training, where there are such cells. `map`, for n_train = 4,000,
    has the number of right answers, of 20, for each of `CELLS`.
    """
    task = _task(n_train, trained, seed)
    net = network(model, task, seed)
    train(
        net,
        task.train,
        steps,
        lr=2e-2 if model == "bag of words" else 5e-3,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        progress=progress,
    )
    shares = share_right(net, task, CELLS, EACH)
    groups = {
        "new_positions": [n in task.lengths and p not in task.positions for n, p in CELLS],
        "longer": [n > max(task.lengths) and p in task.positions for n, p in CELLS],
    }
    figures = {
        "parameters": n_parameters(net),
        **{
            name: evaluate(net, split, right, device=device)
            for name, split in (("train", task.train), ("test", task.test))
        },
    }
    figures |= {
        name: shares[torch.tensor(where)].mean().item()
        for name, where in groups.items()
        if any(where)
    }
    if n_train == 4000:
        figures["map"] = (shares * EACH).round().int().tolist()
    return figures


def _settings() -> Iterable[dict[str, Any]]:
    """One training set after the other, so that each is made once."""
    for seed in SEEDS:
        for n_train in SIZES:
            names = ["tied", "untied", "window", "convolution", "bag of words"]
            names += ["untied, narrow", "tied, wide"] if n_train in (2000, 4000) else []
            for name in names:
                yield {
                    "model": name,
                    "n_train": n_train,
                    "trained": GAP,
                    "steps": STEPS.get(name, 1500),
                    "seed": seed,
                }
        # Is the untied network short of steps, rather than of sentences?
        yield {"model": "untied", "n_train": 2000, "trained": GAP, "steps": 4500, "seed": seed}
    for trained in TRAINED:
        for seed in range(2):
            for name in ("tied", "untied", "window", "convolution"):
                if trained != GAP:
                    yield {
                        "model": name,
                        "n_train": 4000,
                        "trained": trained,
                        "steps": STEPS.get(name, 1500),
                        "seed": seed,
                    }


EXPERIMENT = Experiment(
    name="sharing",
    about="Networks with and without shared weights say the year in a sentence: by the number of "
    "training sentences, and by the position and length that they were trained on.",
    statements=("S4.2", "S4.3", "S4.4", "S4.5"),
    settings=tuple(_settings()),
    trial=trial,
    small=tuple(
        {"model": name, "n_train": n_train, "trained": GAP, "steps": steps, "seed": 0}
        for name, n_train, steps in (
            ("untied", 4000, 1500),
            ("window", 500, 800),
            ("convolution", 500, 600),
        )
    ),
    tolerance={"test": 0.06, "new_positions": 0.06},
    packages=("babel",),
)
