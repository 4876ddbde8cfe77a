"""Training: one visible loop.

`fit` is plain gradient descent on mini-batches (Goodfellow et al. 2016, section 8.3), with the
gradient's norm clipped (section 10.11.1; Pascanu et al. 2013). It trains any `torch.nn.Module`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from rnn_course.checks import positive
from rnn_course.devices import Device, device_for, lent, seeded
from rnn_course.training.checkpoints import RunFile, copied, described_run
from rnn_course.training.fit_checks import (
    check_arguments,
    check_batch,
    check_epoch,
    check_function,
    check_gradient,
    check_loss,
    check_model,
    check_scores,
    check_split,
    make_optimiser,
)
from rnn_course.training.progress import progress_bar


@dataclass
class History:
    """What happened in a run: one number a step, or one number an epoch (both counted from 0).

    Two histories are equal where all but the seconds are.
    """

    steps_per_epoch: int
    loss: list[float] = field(default_factory=list)  # a step: the batch's mean loss
    grad_norm: list[float] = field(default_factory=list)  # a step: over all weights, unclipped
    lr: list[float] = field(default_factory=list)  # a step
    valid_loss: list[float] = field(default_factory=list)  # an epoch
    valid_metric: list[float] = field(default_factory=list)  # an epoch
    epochs: int = 0  # that were finished
    stopped_early: bool = False
    seconds: float = field(default=0.0, compare=False)

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the lowest validation loss (the first of equals), None without one."""
        return self.valid_loss.index(min(self.valid_loss)) if self.valid_loss else None


def fit(
    model: nn.Module,
    loss: Callable[[nn.Module, Any], Tensor],
    train: Any,
    valid: Any = None,
    *,
    epochs: int,
    batch_size: int = 64,
    lr: float = 2e-3,
    weight_decay: float = 0.01,
    optimiser: Callable[..., torch.optim.Optimizer] = torch.optim.AdamW,
    decay: bool = True,
    clip: float | None = 1.0,
    metric: Callable[[nn.Module, Any], Tensor] | None = None,
    seed: int = 0,
    device: Device = None,
    patience: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    save_every: int | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place to a low `loss(model, batch)`, and return what happened.

    `train` and `valid` have a length and `.batches(batch_size, generator)`, as a task's splits do.
    The loss is the batch's mean, a scalar. The model comes initialised: `seed` settles the order of
    the examples and dropout, and the caller's random state is left as it was.

    - Each step records the norm of the whole gradient, then scales the gradient down to the norm
      `clip` if it is longer (None: never). With `decay`, the learning rate falls from `lr` on a
      straight line that reaches 0 just after the last step.
    - After each epoch `valid` gives the mean loss, and the mean of `metric(model, batch)` (one
      score an example), in eval mode. With `patience` the run ends when so many epochs in a row
      have brought no lower loss, and the model ends with the weights of the best epoch. Without
      `patience` it keeps the last ones.
    - `optimiser(parameters, lr=, weight_decay=)` is a class, or a `functools.partial` of one.
    - The training takes place on `device`, and at its end the model is back where it was: on the
      CPU, if it came from there, and called with the CPU's tensors as before. None is the
      accelerator (CUDA, MPS, XPU) where there is one, or the CPU where that lacks one of the
      model's dtypes, as MPS lacks float64. `loss` and `metric` get the batches on the device.
    - With `checkpoint`, a path, the run is saved at its start, after each epoch and every
      `save_every` steps. Called again with the same settings, a run that was killed goes on from
      there and ends with the same weights to the last bit (same torch, same machine, device and
      threads, deterministic kernels); one that was over returns at once. On another kind of device
      it goes on as well, and rounds and drops out otherwise. Data and loss are not compared.

    Raises `TypeError` or `ValueError` for bad arguments or data, `FloatingPointError` where the
    loss or its gradient is no longer finite, `CheckpointError` where the checkpoint cannot be used.
    """
    (epochs, batch_size, patience, save_every, seed, lr, weight_decay, clip) = check_arguments(
        locals()
    )
    device = device_for(model, device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = make_optimiser(optimiser, parameters, lr=lr, weight_decay=weight_decay)
    history, best = History(steps_per_epoch=math.ceil(len(train) / batch_size)), None
    steps = epochs * history.steps_per_epoch
    settings = described_run(
        model,
        optimiser,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        decay=decay,
        clip=clip,
        seed=seed,
        patience=patience,
        metric=metric is not None,
        train_examples=len(train),
        valid_examples=0 if valid is None else len(valid),
    )
    file = checkpoint and RunFile(checkpoint, settings, model, optimiser, device)

    def over() -> bool:
        waited = 0 if history.best_epoch is None else history.epochs - 1 - history.best_epoch
        return history.epochs == epochs or (patience is not None and waited >= patience)

    def save() -> None:
        history.seconds = time.perf_counter() - start
        if file:
            file.save(vars(history), best, over())

    with lent(model, device), seeded(_mixed(seed, 0), device), _mode(model, training=True):
        if file and file.exists():
            numbers, best = file.load()
            history = History(**numbers)
        start = time.perf_counter() - history.seconds
        if not over():
            save()
        bar = progress_bar(total=steps, initial=len(history.loss), unit="step", shown=progress)

        while not over():
            epoch = history.epochs
            done = len(history.loss) - epoch * history.steps_per_epoch
            order = torch.Generator().manual_seed(_mixed(seed, 1 + epoch))
            for batch in _batches("train", train, batch_size, device, order, skip=done):
                step = len(history.loss)
                rate = lr * (1 - step / steps) if decay else lr
                optimiser.param_groups[0]["lr"] = rate

                optimiser.zero_grad()
                value = loss(model, batch)
                check_loss(value, history)
                value.backward()
                norm = clip_grad_norm_(parameters, math.inf if clip is None else clip)
                check_gradient(norm, parameters, history)
                optimiser.step()

                history.loss.append(value.item())
                history.grad_norm.append(norm.item())  # what clip_grad_norm_ found, not left
                history.lr.append(rate)
                bar.update()
                if save_every and len(history.loss) % save_every == 0:
                    save()

            check_epoch(train, batch_size, history)
            if valid is not None:
                means = _means(model, "valid", valid, batch_size, device, loss=loss, metric=metric)
                history.valid_loss.append(means["loss"])
                if metric is not None:
                    history.valid_metric.append(means["metric"])
                bar.set_postfix(means)
                if patience is not None and history.best_epoch == epoch:
                    best = copied(model)
            history.epochs += 1
            save()
        bar.close()

    if best is not None:
        model.load_state_dict(best)
    history.stopped_early = history.epochs < epochs
    return history


def evaluate(
    model: nn.Module,
    split: Any,
    metric: Callable[[nn.Module, Any], Tensor],
    batch_size: int = 256,
    device: Device = None,
) -> float:
    """The mean over all examples of `metric(model, batch)`, one score an example, in eval mode.

    It takes place on `device`, chosen as in `fit`; then the model is back where it was. Raises
    `TypeError` for what is no model, split or function, `ValueError` for an unknown device, an
    empty split, NaN in its data, or scores of a wrong shape, `FloatingPointError` where their mean
    is not finite.
    """
    check_model(model)
    check_function("metric", metric)
    positive("batch_size", batch_size)
    check_split("split", split)
    device = device_for(model, device)
    with lent(model, device):
        return _means(model, "split", split, batch_size, device, metric=metric)["metric"]


def _means(
    model: nn.Module,
    name: str,
    split: Any,
    batch_size: int,
    device: torch.device,
    *,
    loss: Callable | None = None,
    metric: Callable | None = None,
) -> dict[str, float]:
    """The means of loss and metric over the examples: a batch's mean loss counts once for each."""
    sums = {key: 0.0 for key, score in (("loss", loss), ("metric", metric)) if score is not None}
    with _mode(model, training=False), torch.no_grad():
        for batch in _batches(name, split, batch_size, device):
            size = len(batch.x)
            if loss is not None:
                sums["loss"] += size * loss(model, batch).item()
            if metric is not None:
                scores = metric(model, batch)
                check_scores(scores, size)
                sums["metric"] += scores.cpu().double().sum().item()  # MPS has no float64
    for key, value in sums.items():
        if not math.isfinite(value):
            raise FloatingPointError(f"{key}: expected a finite mean over {name}, got {value}")
    return {key: value / len(split) for key, value in sums.items()}


def _batches(
    name: str,
    split: Any,
    batch_size: int,
    device: torch.device,
    generator: torch.Generator | None = None,
    skip: int = 0,
) -> Iterator[Any]:
    """The split's batches but the first `skip`, on the device, none with a NaN or an infinity."""
    batches = islice(split.batches(batch_size, generator), skip, None)
    for number, batch in enumerate(batches, start=skip):
        check_batch(name, number, batch)
        yield batch.to(device)


@contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Train or eval mode for a while; then each module's own mode is put back."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _mixed(seed: int, stream: int) -> int:
    """A seed for each use of `seed`. Torch's CPU generator looks at the lowest 32 bits only."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])
