"""Training: one visible loop.

`fit` is plain gradient descent on mini-batches (Goodfellow et al. 2016, section 8.3), with the
gradient's norm clipped (section 10.11.1; Pascanu et al. 2013). It trains any `torch.nn.Module`.
What it records and saves is in `run`, what it refuses in `fit_checks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from os import PathLike
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from rnn_course.checks import positive
from rnn_course.devices import Device, device_for, lent, seeded
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
from rnn_course.training.run import History, Run
from rnn_course.training.run_file import RunFile, described_run

M = TypeVar("M", bound=nn.Module)


def fit(
    model: M,
    loss: Callable[[M, Any], Tensor],
    train: Any,
    valid: Any = None,
    *,
    epochs: int,
    batch_size: int = 64,
    lr: float = 2e-3,
    weight_decay: float = 0.01,
    optimiser: Callable[..., torch.optim.Optimizer] = torch.optim.AdamW,
    decay: bool = True,
    warm_up: int = 0,
    clip: float | None = 1.0,
    metric: Callable[[M, Any], Tensor] | None = None,
    seed: int = 0,
    device: Device = None,
    patience: int | None = None,
    until: float | None = None,
    checkpoint: str | PathLike[str] | None = None,
    save_every: int | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place to a low `loss(model, batch)`, and return what happened.

    `train` and `valid` have a length and `.batches(batch_size, generator)`, as a task's splits do.
    The loss is the batch's mean, a scalar. The model comes initialised: `seed` determines the order
    of the examples and dropout, and the caller's random state is left as it was.

    - Each step records the norm of the whole gradient, then scales the gradient down to the norm
      `clip` if it is longer (None: never). With `decay`, the learning rate falls linearly from `lr`
      and reaches 0 just after the last step. Over the first `warm_up` steps it is scaled by 1, 2, …
      of `warm_up` parts, so that the optimiser's averages have settled before the steps are long.
    - After each epoch, `valid` gives the mean loss and the mean of `metric(model, batch)` (one
      score per example), in eval mode. With `patience`, the run ends when that many epochs in a row
      have brought no lower loss, and the model gets the weights of the best epoch. Without
      `patience` it keeps the last ones. With `until`, the run also ends when an epoch's validation
      loss is that low.
    - `optimiser(parameters, lr=, weight_decay=)` is a class, or a `functools.partial` of one.
    - Training takes place on `device`; afterwards the model is back where it was, usually on the
      CPU, and is called with the CPU's tensors as before. None is the accelerator (CUDA, MPS, XPU)
      if there is one, or the CPU if the accelerator lacks one of the model's dtypes, as MPS lacks
      float64. `loss` and `metric` get the batches on the device.
    - With `checkpoint`, a path, the run is saved at its start, after each epoch and every
      `save_every` steps. Called again with the same settings, a run that was killed resumes from
      there and ends with the same weights to the last bit (same torch, same machine, device and
      threads, deterministic kernels); a finished one returns at once. A run also
      resumes on a different kind of device, with different rounding and dropout. Data and loss are
      not compared.

    Raises:
        TypeError: If an argument or a batch is of the wrong type.
        ValueError: If an argument or the data makes no sense.
        Diverged: If the loss or its gradient is no longer finite. It is a `FloatingPointError`; its
            `history` is that of the steps before.
        CheckpointError: If the checkpoint cannot be used.
    """
    (epochs, batch_size, patience, save_every, warm_up, seed, lr, weight_decay, clip, until) = (
        check_arguments(locals())
    )
    device = device_for(model, device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    opt = make_optimiser(optimiser, parameters, lr=lr, weight_decay=weight_decay)
    settings = described_run(
        model,
        opt,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        decay=decay,
        warm_up=warm_up,
        clip=clip,
        seed=seed,
        patience=patience,
        until=until,
        metric=metric is not None,
        train_examples=len(train),
        valid_examples=0 if valid is None else len(valid),
    )
    file = None if checkpoint is None else RunFile(checkpoint, settings, model, opt, device)

    with lent(model, device), seeded(_mixed(seed, 0), device), _mode(model, training=True):
        run = Run(
            model,
            math.ceil(len(train) / batch_size),
            epochs=epochs,
            patience=patience,
            until=until,
            save_every=save_every,
            file=file,
            progress=progress,
        )
        while not run.is_over():
            order = torch.Generator().manual_seed(_mixed(seed, 1 + run.history.epochs))
            skip = run.steps_into_epoch()
            for batch in _batches("train", train, batch_size, device, order, skip):
                rate = lr * (1 - run.share_done()) if decay else lr
                rate *= min(1.0, (1 + len(run.history.loss)) / max(1, warm_up))
                opt.param_groups[0]["lr"] = rate

                opt.zero_grad()
                value = loss(model, batch)
                check_loss(value, run.history)
                value.backward()
                norm = clip_grad_norm_(parameters, math.inf if clip is None else clip)
                check_gradient(norm, parameters, run.history)
                opt.step()

                run.after_step(value, norm, rate)
            check_epoch(train, batch_size, run.history)
            means = {}
            if valid is not None:
                means = _means(model, "valid", valid, batch_size, device, loss=loss, metric=metric)
            run.after_epoch(means)
    return run.close()


def evaluate(
    model: M,
    split: Any,
    metric: Callable[[M, Any], Tensor],
    batch_size: int = 256,
    device: Device = None,
) -> float:
    """The mean of `metric(model, batch)`, one score per example, over all examples in eval mode.

    It is computed on `device`, chosen as in `fit`; afterwards the model is back where it was.

    Raises:
        TypeError: If model, split or metric is not one.
        ValueError: If the device is unknown, the split is empty or contains NaN, or the scores have
            the wrong shape.
        FloatingPointError: If the mean is not finite.
    """
    check_model(model)
    check_function("metric", metric)
    positive("batch_size", batch_size)
    check_split("split", split)
    device = device_for(model, device)
    with lent(model, device):
        return _means(model, "split", split, batch_size, device, metric=metric)["metric"]


def _means(
    model: M,
    name: str,
    split: Any,
    batch_size: int,
    device: torch.device,
    *,
    loss: Callable | None = None,
    metric: Callable | None = None,
) -> dict[str, float]:
    """The means of loss and metric over all examples; a batch's loss counts once per example."""
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
    """The split's checked batches on the device, without the first `skip`."""
    batches = islice(split.batches(batch_size, generator), skip, None)
    for number, batch in enumerate(batches, start=skip):
        check_batch(name, number, batch)
        yield batch.to(device)


@contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Put the model into train or eval mode, and at the end each module back into its own."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _mixed(seed: int, stream: int) -> int:
    """An independent seed for one use of `seed`, in the 32 bits that torch's generator looks at."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])
