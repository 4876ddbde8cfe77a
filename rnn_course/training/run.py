"""The bookkeeping of `fit`: what has happened in a run, and where it is now."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from torch import Tensor, nn

from rnn_course.progress import progress_bar
from rnn_course.training.checkpoints import copied
from rnn_course.training.run_file import RunFile


@dataclass
class History:
    """What happened in a run, in numbers per step or per epoch (both counted from 0).

    Two histories are equal if all but their seconds are.

    Attributes:
        loss: Per step, the batch's mean loss.
        grad_norm: Per step, the norm of the whole gradient before it is clipped.
        lr: Per step, the learning rate.
        valid_loss: Per epoch, the mean loss over the validation set.
        valid_metric: Per epoch, the mean metric over the validation set.
        epochs: How many epochs have been finished.
    """

    steps_per_epoch: int
    loss: list[float] = field(default_factory=list)
    grad_norm: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    valid_loss: list[float] = field(default_factory=list)
    valid_metric: list[float] = field(default_factory=list)
    epochs: int = 0
    stopped_early: bool = False
    seconds: float = field(default=0.0, compare=False)

    @property
    def best_epoch(self) -> int | None:
        """The first epoch with the lowest validation loss; None without a validation set."""
        return self.valid_loss.index(min(self.valid_loss)) if self.valid_loss else None


class Run:
    """One run of `fit`: its history, its best weights, its progress bar and its file."""

    def __init__(
        self,
        model: nn.Module,
        steps_per_epoch: int,
        *,
        epochs: int,
        patience: int | None,
        until: float | None,
        save_every: int | None,
        file: RunFile | None,
        progress: bool,
    ) -> None:
        self.model, self.file = model, file
        self.epochs, self.patience, self.until = epochs, patience, until
        self.save_every = save_every
        self.steps = epochs * steps_per_epoch
        self.best: dict[str, Tensor] | None = None
        self.history = History(steps_per_epoch)
        if file and file.exists():
            numbers, self.best = file.load()
            self.history = History(**numbers)
        self._start = time.perf_counter() - self.history.seconds
        if not self.is_over():
            self.save()  # before the first step: a place that cannot be written is found out here
        self._bar = progress_bar(
            total=self.steps, initial=len(self.history.loss), unit="step", shown=progress
        )

    def is_over(self) -> bool:
        """Have all epochs been run, or the last `patience` of them brought no lower loss?

        Or is the last validation loss as low as `until`?
        """
        history = self.history
        if self.until is not None and history.valid_loss and history.valid_loss[-1] <= self.until:
            return True
        waited = 0 if history.best_epoch is None else history.epochs - 1 - history.best_epoch
        return history.epochs == self.epochs or (
            self.patience is not None and waited >= self.patience
        )

    def steps_into_epoch(self) -> int:
        """How many steps of the present epoch have been taken."""
        return len(self.history.loss) - self.history.epochs * self.history.steps_per_epoch

    def share_done(self) -> float:
        """What share of the run's steps has been taken, from 0 to 1."""
        return len(self.history.loss) / self.steps

    def after_step(self, loss: Tensor, norm: Tensor, lr: float) -> None:
        """Record a step, and save the run if it is time to."""
        self.history.loss.append(loss.item())
        self.history.grad_norm.append(norm.item())
        self.history.lr.append(lr)
        self._bar.update()
        if self.save_every and len(self.history.loss) % self.save_every == 0:
            self.save()

    def after_epoch(self, means: dict[str, float]) -> None:
        """Record an epoch with its validation `means` (none without one), and save the run."""
        if means:
            self.history.valid_loss.append(means["loss"])
            if "metric" in means:
                self.history.valid_metric.append(means["metric"])
            self._bar.set_postfix(means)
            if self.patience is not None and self.history.best_epoch == self.history.epochs:
                self.best = copied(self.model)
        self.history.epochs += 1
        self.save()

    def save(self) -> None:
        """Write the run's file, if it has one."""
        self.history.seconds = time.perf_counter() - self._start
        if self.file:
            self.file.save(vars(self.history), self.best, self.is_over())

    def close(self) -> History:
        """Give the model its best weights, if they were kept, and return the history."""
        self._bar.close()
        if self.best is not None:
            self.model.load_state_dict(self.best)
        self.history.stopped_early = self.history.epochs < self.epochs
        return self.history
