"""Chapter 2, S2.1 to S2.4: x at each step, as h(0), or both, at equal size and training."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course.cells import Cell, ElmanCell
from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment
from rnn_course.measures.baselines import probe
from rnn_course.measures.metrics import error_rate, exact_match
from rnn_course.networks.likelihood import mean_nll
from rnn_course.networks.vector_to_sequence import CONDITIONINGS, VectorToSequence
from rnn_course.tasks.base import Batch, Split
from rnn_course.tasks.number_words import NumberWords, make_number_words, shared_letters
from rnn_course.training.fit import History, fit

# Sizes and rates were chosen on the validation pairs.
N_HIDDEN, BATCH_SIZE = 96, 64
BUDGETS = {1: 1e-2, 10: 6e-3}  # epochs, and the learning rate for each
PROBED = 7  # steps before a letter of the units is read


def network(
    task: NumberWords,
    conditioning: str,
    seed: int,
    cell: type[Cell] = ElmanCell,
    n_hidden: int = N_HIDDEN,
) -> VectorToSequence:
    """A network with one of `CONDITIONINGS`."""
    torch.manual_seed(seed)
    return VectorToSequence(
        task.train.x.shape[1], len(task.symbols), cell(n_hidden, n_hidden), conditioning, task.end
    )


def train(
    model: VectorToSequence, task: NumberWords, epochs: int, seed: int, **options: Any
) -> History:
    """`fit` with this experiment's settings; after each epoch, exact match on validation pairs.

    Raises:
        ValueError: If `epochs` is not one of `BUDGETS`.
    """
    if epochs not in BUDGETS:
        raise ValueError(f"epochs: expected one of {', '.join(map(str, BUDGETS))}, got {epochs}")

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        return mean_nll(model(batch.x, batch.y), batch.y, batch.y_lengths)

    def right(model: VectorToSequence, batch: Batch) -> Tensor:
        written = model.write(batch.x, batch.y.shape[1], end=task.end).y
        missing = batch.y.shape[1] - written.shape[1]
        return (torch.nn.functional.pad(written, (0, missing)) == batch.y).all(1)

    return fit(
        model,
        loss,
        task.train,
        task.valid,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=BUDGETS[epochs],
        seed=seed,
        metric=right,
        **options,
    )


def captions(
    model: VectorToSequence,
    task: NumberWords,
    split: Split,
    generator: torch.Generator | None = None,
) -> list[str]:
    """What the model writes for each x of a split: greedily, or sampled with a generator."""
    steps = task.train.y.shape[1] + 5  # the longest word, with room to spare
    return task.decode(model.write(split.x, steps, end=task.end, generator=generator).y)


def scores(model: VectorToSequence, task: NumberWords, split: Split) -> dict[str, Any]:
    """Exact match and error rate of the greedy captions, and `units_probe`."""
    written, truth = captions(model, task, split), task.decode(split.y)
    return {
        "exact": exact_match(written, truth),
        "error_rate": error_rate(written, truth),
        "probe": units_probe(model, task, split),
    }


@torch.no_grad()
def units_probe(
    model: VectorToSequence, task: NumberWords, test: Split | None = None
) -> list[float]:
    """How accurately the units digit can be read from h^(1), …, h^(7), before any of its letters.

    For numbers above 20 that are not round, in languages that say the tens first, if all numbers of
    the decade share their first 6 letters: h^(7) has read no more than these. A linear probe is
    fitted on training pairs and scored on `test` (by default the test pairs); chance is about 1/9.
    """
    parts = []
    for split in (task.train, test or task.test):
        languages = [task.languages[i] for i in task.language(split.x)]
        number = task.number(split)
        chosen = torch.tensor(
            [
                n % 10 > 0 and shared_letters(n, language) >= PROBED - 1
                for n, language in zip(number.tolist(), languages, strict=True)
            ]
        )
        h = model.hidden(split.x[chosen], split.y[chosen, :PROBED])
        parts.append((h, number[chosen] % 10))
    (h_train, units_train), (h_test, units_test) = parts
    return [probe(h_train[:, t], units_train, h_test[:, t], units_test) for t in range(PROBED)]


@cache
def _task() -> NumberWords:
    return make_number_words()


def trial(
    checkpoint: Path, progress: bool, device: Device, conditioning: str, seed: int, epochs: int
) -> dict[str, Any]:
    """Train one network and score it on test pairs, and on pairs whose words were never taught."""
    task = _task()
    assert task.unseen is not None
    model = network(task, conditioning, seed)
    figures: dict[str, Any] = {"untrained_probe": units_probe(model, task)}
    history = train(
        model, task, epochs, seed, device=device, checkpoint=checkpoint, progress=progress
    )
    figures |= {"steps": len(history.loss), "curve": history.valid_metric}
    for prefix, split in (("", task.test), ("unseen_", task.unseen)):
        for name, value in scores(model, task, split).items():
            figures[f"{prefix}{name}"] = value
    written, trained = captions(model, task, task.unseen), set(task.decode(task.train.y))
    figures["unseen_as_trained"] = sum(word in trained for word in written) / len(written)
    return figures


_SETTINGS = tuple(
    {"conditioning": conditioning, "seed": seed, "epochs": epochs}
    for epochs in BUDGETS
    for conditioning in CONDITIONINGS
    for seed in range(5)
)

EXPERIMENT = Experiment(
    name="vector_to_sequence",
    about="Number words for two digits: x at each step, as h(0), or both.",
    statements=("S2.1", "S2.2", "S2.3", "S2.4"),
    settings=_SETTINGS,
    trial=trial,
    small=tuple(
        s for s in _SETTINGS if s["epochs"] == 1 and s["seed"] == 0 and s["conditioning"] != "each"
    ),
    # Without the processor's vector instructions, the figures moved by up to 0.002.
    tolerance={
        "exact": 0.03,
        "unseen_exact": 0.03,
        "error_rate": 0.015,
        "unseen_error_rate": 0.03,
        "untrained_probe": 0.005,
        "probe": 0.03,
    },
    packages=("num2words",),
    network=network,
    train=train,
    scores=scores,
)
