"""Chapter 4, S4.2 to S4.5: sharing weights, the number of sentences, and unseen positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from rnn_course.training.fit import History, evaluate, fit

LONGEST = 18
"""Words in the longest test sentences, and so the number of layers, or of places in the window."""

CELLS = tuple(
    (length, position) for length in range(6, LONGEST + 1) for position in range(2, length + 1)
)
"""The cells (length, position) that are tested, in the order of the figure "map"."""

EACH = 20  # test sentences per cell
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
"""The training sets by name: the positions of the year, and the lengths of the sentences."""

E, H = 32, 64  # width of the embedding, hidden units
# With 11 hidden units, twelve untied layers have about as many numbers in U, W and b as the tied
# network with 64; with 257, the tied network has as many as twelve untied layers with 64.
NETWORKS: Mapping[str, Callable[[int, int], nn.Module]] = {
    "tied": lambda n, m: Summariser(n, E, ElmanCell(E, H), m),
    "untied": lambda n, m: DeepSummariser(n, E, _own(H), m),
    "untied, narrow": lambda n, m: DeepSummariser(n, E, _own(11), m),
    "tied, wide": lambda n, m: Summariser(n, E, ElmanCell(E, 257), m),
    "window": lambda n, m: WindowNetwork(n, E, LONGEST, H, m),
    "convolution": lambda n, m: Convolution(n, E, H, m),
    "bag of words": BagOfWords,
}
"""Each makes a network from the numbers of symbols and of labels."""

# Until the validation loss no longer falls, at each size; chosen on the validation sentences.
STEPS = {"window": 800, "convolution": 600, "bag of words": 800}
BATCH = 64


def _own(n_hidden: int) -> list[ElmanCell]:
    """A cell for each layer."""
    return [ElmanCell(E, n_hidden) for _ in range(LONGEST)]


def network(task: YearTask, name: str, seed: int) -> nn.Module:
    """One of `NETWORKS` for the task."""
    torch.manual_seed(seed)
    return NETWORKS[name](len(task.symbols), len(task.labels))


def train(
    model: nn.Module, task: YearTask, epochs: int, seed: int, *, lr: float = 5e-3, **options: Any
) -> History:
    """`fit` with this experiment's settings."""
    return fit(
        model,
        lambda model, batch: F.cross_entropy(model(batch.x, batch.lengths), batch.y),
        task.train,
        epochs=epochs,
        batch_size=BATCH,
        lr=lr,
        optimiser=partial(torch.optim.AdamW, fused=True),
        seed=seed,
        **options,
    )


def whole_epochs(steps: int, n_train: int) -> int:
    """The number of epochs, at least one, that comes nearest to so many steps."""
    return max(1, round(steps * BATCH / n_train))


def right(model: nn.Module, batch: Batch | Split) -> Tensor:
    """(B,): 1 if the network's first choice is the year, else 0."""
    return (model(batch.x, batch.lengths).argmax(1) == batch.y).float()


def scores(
    model: nn.Module, task: YearTask, split: Split, device: Device = None
) -> dict[str, float]:
    """Accuracy over the sentences."""
    return {"accuracy": evaluate(model, split, right, device=device)}


def accuracy_by_cell(
    model: nn.Module, task: YearTask, cells: Sequence[tuple[int, int]], each: int
) -> Tensor:
    """Accuracy on `each` new test sentences of every cell (length, position): (cells,)."""
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

    The seed draws the training sentences, the weights and the order of the sentences. "train" and
    "test" are accuracies where the network was trained; "new_positions" is the accuracy in cells of
    trained length that training left out, and "longer" at trained positions in sentences longer
    than all in training, if there are such cells. "map", for n_train = 4,000, is the number of
    right answers, of 20, in each of `CELLS`.
    """
    task = _task(n_train, trained, seed)
    net = network(task, model, seed)
    train(
        net,
        task,
        whole_epochs(steps, len(task.train)),
        seed,
        lr=2e-2 if model == "bag of words" else 5e-3,
        device=device,
        checkpoint=checkpoint,
        progress=progress,
    )
    accuracies = accuracy_by_cell(net, task, CELLS, EACH)
    groups = {
        "new_positions": [n in task.lengths and p not in task.positions for n, p in CELLS],
        "longer": [n > max(task.lengths) and p in task.positions for n, p in CELLS],
    }
    figures: dict[str, Any] = {
        "parameters": n_parameters(net),
        **{
            name: scores(net, task, split, device)["accuracy"]
            for name, split in (("train", task.train), ("test", task.test))
        },
    }
    figures |= {
        name: accuracies[torch.tensor(where)].mean().item()
        for name, where in groups.items()
        if any(where)
    }
    if n_train == 4000:
        figures["map"] = (accuracies * EACH).round().int().tolist()
    return figures


def _settings() -> Iterable[dict[str, Any]]:
    """One training set after another, so that each is made once."""
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
    network=network,
    train=train,
    scores=scores,
)
