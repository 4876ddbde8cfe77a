"""A chapter's code, with its trainings cut down to what it takes to see where they fail."""

from __future__ import annotations

import ast
import json
import math
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from rnn_course import ledger
from rnn_course.tasks.base import Split
from rnn_course.training import fit as training

STEPS, SIZE = 2, 16  # pairs of names need a batch of this size
DRAWN = 20  # the smoothed curves need so many steps


def first(split: Split, n: int) -> Split:
    """The first n examples of a split of sequences, as a split."""
    return Split(*(part[:n] for part in (split.x, split.y, split.lengths, split.y_lengths)))


class First:
    """The first examples of a split, in its own order."""

    def __init__(self, split: Any, n: int) -> None:
        self.split, self.n = split, n

    def __len__(self) -> int:
        return min(self.n, len(self.split))

    def batches(self, size: int, generator: Any = None) -> Iterator[Any]:
        return islice(self.split.batches(size, generator), math.ceil(len(self) / size))


def shorten(patch: pytest.MonkeyPatch, saw: Callable[[str, Any], None]) -> None:
    """Cut every training and evaluation short; call `saw(name, device)` for each."""
    fit, evaluate = training.fit, training.evaluate

    def short_fit(model, loss, data, valid=None, *, epochs, batch_size=64, device=None, **rest):
        saw("fit", device)
        size = getattr(data, "rows", SIZE)  # parallel streams have as many rows as they have
        history = fit(
            model,
            loss,
            First(data, STEPS * size),
            valid and First(valid, SIZE),
            epochs=1,
            batch_size=size,
            device=device,
            **rest | {"progress": False},
        )
        for each in (history.loss, history.grad_norm, history.lr):
            each *= DRAWN // STEPS
        return history

    def short_evaluate(model, split, metric, batch_size=256, device=None):
        saw("evaluate", device)
        return evaluate(model, First(split, 64), metric, 64, device)

    for module in list(sys.modules.values()):
        for name, real, short in (("fit", fit, short_fit), ("evaluate", evaluate, short_evaluate)):
            if getattr(module, "__name__", "").startswith("rnn_course") and (
                getattr(module, name, None) is real
            ):
                patch.setattr(module, name, short)


class _NotHeld(ast.NodeTransformer):
    """Evaluate each `assert` without enforcing it: so short a training shows less."""

    def visit_Assert(self, node: ast.Assert) -> ast.Expr:
        return ast.copy_location(ast.Expr(node.test), node)


def run_chapter(path: Path, patch: pytest.MonkeyPatch) -> None:
    """Execute the code of a notebook from top to bottom; verdicts are computed, not enforced."""
    import matplotlib.pyplot as plt

    patch.setattr(ledger, "settle", lambda *_, **__: None)
    names = {"__name__": "chapter", "display": lambda *_: None}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            tree = ast.fix_missing_locations(_NotHeld().visit(ast.parse("".join(cell["source"]))))
            exec(compile(tree, f"{path.stem}, cell {cell['id']}", "exec"), names)
            plt.close("all")
