"""Exhibits 13 to 15, without their bugs, and what the bugs cost: around the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from rnn_course.homework.museum.measuring import Cost, learned
from rnn_course.homework.museum.padding import Speller, by_frequency, masked_loss, names
from rnn_course.tasks.base import Split

# --- 13: clipping of the wrong thing --------------------------------------------------------------


def clip_between(
    model: nn.Module, loss: Tensor, optimiser: torch.optim.Optimizer, bound: float
) -> None:
    """One step of training, with the gradient's norm clipped to `bound`."""
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), bound)
    optimiser.step()


def clip_by_hand(
    model: nn.Module, loss: Tensor, optimiser: torch.optim.Optimizer, bound: float
) -> None:
    """The same, by hand."""
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    norm = torch.cat([each.flatten() for each in gradients]).norm()
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient * min(1.0, bound / norm.item())
    optimiser.step()


class _Adder(nn.Module):
    """Numbers and marks x (B, T, 2) to o (B,), the sum of what is marked."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, 32, nonlinearity="relu", batch_first=True)
        self.V = nn.Linear(32, 1)
        nn.init.eye_(self.rnn.get_parameter("weight_hh_l0"))

    def forward(self, x: Tensor) -> Tensor:
        return self.V(self.rnn(x)[0][:, -1])[:, 0]


def cost_of_clipping_too_late(broken: Any) -> Cost:
    """The sum of two marked numbers of ten, by plain gradient descent at a bold rate."""

    def draw(g: torch.Generator, batch: int = 64) -> tuple[Tensor, Tensor]:
        u = torch.rand(batch, 10, generator=g)
        marks = torch.zeros(batch, 10)
        for low in 0, 5:
            place = torch.randint(low, low + 5, (batch, 1), generator=g)
            marks.scatter_(1, place, 1.0)
        return torch.stack([u, marks], dim=2), (u * marks).sum(1)

    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return ((model(x) - y) ** 2).mean()

    x, y = draw(torch.Generator().manual_seed(1), 400)
    figures = {}
    for name, step in ("with the bug", broken), ("repaired", clip_between):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model, g = _Adder(), torch.Generator().manual_seed(0)
            optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(2000):
                step(model, loss(model, *draw(g)), optimiser, 1.0)
        figures[name] = loss(model, x, y).item()
    figures["always the mean"] = y.var().item()
    return Cost("Mean squared error of the sum", figures, ".4f")


# --- 14: the perplexity of the training set shown as the test's -----------------------------------

Perplexity = Callable[[Any, Any], float]


def named_scores(
    model: Any, train: Any, valid: Any, test: Any, perplexity: Perplexity
) -> Mapping[str, float]:
    """The perplexity on each split, by its name."""
    splits = {"train": train, "valid": valid, "test": test}
    return {name: perplexity(model, split) for name, split in splits.items()}


def scores_one_by_one(
    model: Any, train: Any, valid: Any, test: Any, perplexity: Perplexity
) -> Mapping[str, float]:
    """The same, in another order."""
    on_test = perplexity(model, test)
    on_valid = perplexity(model, valid)
    return {"test": on_test, "valid": on_valid, "train": perplexity(model, train)}


def cost_of_the_wrong_split(broken: Any) -> Cost:
    """A network that has learned 300 names by heart: what is reported, and what is true."""
    task = names()

    def few(split: Split, count: int) -> tuple[Tensor, Tensor]:
        assert split.lengths is not None
        rows = torch.randperm(len(split.x), generator=torch.Generator().manual_seed(0))[:count]
        lengths = split.lengths[rows]
        return split.x[rows, : int(lengths.max())], lengths

    @torch.no_grad()
    def perplexity(model: nn.Module, split: tuple[Tensor, Tensor]) -> float:
        return masked_loss(model(split[0]), *split).exp().item()

    train, valid, test = few(task.train, 300), few(task.valid, 300), few(task.test, 300)

    def draw(g: torch.Generator) -> tuple[Tensor, ...]:
        rows = torch.randint(300, (64,), generator=g)
        return train[0][rows], train[1][rows]

    model = learned(Speller, lambda m, x, n: masked_loss(m(x), x, n), draw, 250)
    shown = broken(model, train, valid, test, perplexity)["test"]
    true = named_scores(model, train, valid, test, perplexity)["test"]
    figures = {
        "with the bug": shown,
        "repaired": true,
        "letters by their frequency alone": by_frequency(train, test),
    }
    return Cost("“Perplexity on test names”", figures, ".1f")


# --- 15: x[:, t] in the loop ----------------------------------------------------------------------


class Unbound(nn.Module):
    """x (B, T, 8) to h (B, T, 16), a loop over the steps of x."""

    def __init__(self, n_in: int = 8, n_hidden: int = 16) -> None:
        super().__init__()
        self.cell = nn.RNNCell(n_in, n_hidden)

    def forward(self, x: Tensor) -> Tensor:
        h, out = x.new_zeros(len(x), self.cell.hidden_size), []
        for x_t in x.unbind(1):
            h = self.cell(x_t, h)
            out.append(h)
        return torch.stack(out, dim=1)


class NoLoop(nn.Module):
    """The same interface; torch runs the loop."""

    def __init__(self, n_in: int = 8, n_hidden: int = 16) -> None:
        super().__init__()
        self.rnn = nn.RNN(n_in, n_hidden, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class _Counting(TorchDispatchMode):
    """Counts the numbers that torch's operations write."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, list | tuple) else [result]:
            self.numbers += each.numel() if isinstance(each, Tensor) else 0
        return result


def written(model: nn.Module, x: Tensor) -> int:
    """How many numbers torch writes on the way back from the sum of model(x) to x."""
    x = x.detach().requires_grad_()
    total = model(x).sum()
    with _Counting() as counting:
        torch.autograd.grad(total, x)
    return counting.numbers


def cost_of_slicing(broken: Any) -> Cost:
    """The seconds of the way back, over a sequence and over one four times as long."""
    figures = {}
    versions = ("with the bug", broken), ("repaired", Unbound), ("torch's own loop", NoLoop)
    for name, make in versions:
        model = make(64, 16)
        for steps in 500, 2000:
            x = torch.randn(16, steps, 64).requires_grad_()
            total = model(x).sum()
            started = time.perf_counter()
            torch.autograd.grad(total, x)
            figures[f"{name}, {steps:,} steps"] = time.perf_counter() - started
    return Cost("Seconds of the way back", figures, ".3f")
