"""Chapter 0: another slope, a forgotten term, what has to wait, and the width of an output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from rnn_course.compare import same
from rnn_course.exercises.registry import Part, agree, exercise, formula, holds

Arrays = dict[str, np.ndarray]
WEIGHTS = "UWbVc"
BACKWARD = "p, x, y, h, y_hat"
GRADIENT = "the gradient of the loss with respect to U, W, b, V and c, by name"


def _drawn(steps: int = 7) -> tuple[Arrays, np.ndarray, np.ndarray]:
    """Weights p, and x (T, n_in) and y (T,) for them."""
    rng = np.random.default_rng(0)
    shapes = {"U": (6, 3), "W": (6, 6), "b": (6,), "V": (4, 6), "c": (4,)}
    p = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
    return p, rng.normal(size=(steps, 3)), rng.integers(4, size=steps)


def _judged(p: Arrays, x: np.ndarray, y: np.ndarray, act: Any, cut: bool = False) -> Any:
    """The gradient by autograd, and the loss, h (T + 1, n_hidden) and ŷ that go with it."""
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    h = [torch.zeros(len(p["b"]), dtype=torch.float64)]
    for x_t in torch.tensor(x):
        before = h[-1].detach() if cut else h[-1]
        h.append(act(leaves["b"] + leaves["W"] @ before + leaves["U"] @ x_t))
    o = torch.stack(h[1:]) @ leaves["V"].T + leaves["c"]
    loss = F.cross_entropy(o, torch.tensor(y))
    gradient = torch.autograd.grad(loss, [leaves[name] for name in WEIGHTS])
    states = torch.stack(h).detach().numpy()
    return [g.numpy() for g in gradient], loss.item(), states, o.softmax(1).detach().numpy()


def _by_hand(
    p: Arrays, x: np.ndarray, y: np.ndarray, h: np.ndarray, y_hat: np.ndarray,
    slope: Callable[[int], Any], above: float = 1.0, future: float = 1.0,
) -> list[np.ndarray]:  # fmt: skip
    """`backward` of the chapter with another slope at step t, or with a term left out."""
    d_o = (y_hat - np.eye(y_hat.shape[1])[y]) / len(y)
    delta, later = np.zeros((len(y), len(p["b"]))), np.zeros(len(p["b"]))
    for t in reversed(range(len(y))):
        delta[t] = (above * d_o[t] @ p["V"] + future * later) * slope(t)
        later = p["W"].T @ delta[t]
    return [delta.T @ x, delta.T @ h[:-1], delta.sum(0), d_o.T @ h[1:], d_o.sum(0)]


def _gradients(got: Any) -> list[Any]:
    is_right = isinstance(got, dict) and set(WEIGHTS) <= set(got)
    holds(is_right, "backward gives a dictionary with the keys U, W, b, V and c")
    return [got[name] for name in WEIGHTS]


@exercise("ex-relu", BACKWARD, GRADIENT)
def relu(backward: Any) -> None:
    """The gradients of five weights over seven steps, by autograd."""
    p, x, y = _drawn()
    want, _, h, y_hat = _judged(p, x, y, torch.relu)
    given = p, x, y, h, y_hat
    got = _gradients(backward(*given))
    mistakes = {
        "the slope is still that of tanh, 1 - h²": _by_hand(*given, lambda t: 1 - h[t + 1] ** 2),
        "the slope is 1 everywhere: what does a unit that is off, h = 0, hand back?": _by_hand(
            *given, lambda t: 1
        ),
        "the slope is h itself: by how much does max(0, a) change if a does?": _by_hand(
            *given, lambda t: h[t + 1]
        ),
        "the slope is that of the step before: h^(t) of step t stands in h[t + 1]": _by_hand(
            *given, lambda t: h[t] > 0
        ),
        "nothing comes back from the next step: has from_future got lost?": _by_hand(
            *given, lambda t: h[t + 1] > 0, future=0
        ),
    }
    for name, ours, right in zip(WEIGHTS, got, want, strict=True):
        if name in "UWb":
            wrong = {hint: gradients[WEIGHTS.index(name)] for hint, gradients in mistakes.items()}
            agree(ours, right, f"the gradient with respect to {name} is autograd's", wrong)
        same(ours, right, f"the gradient with respect to {name}, which no slope touches, stays")


@exercise("ex-truncated", BACKWARD, GRADIENT)
def truncated(backward: Any) -> None:
    """The gradients of five weights, with each state detached."""
    p, x, y = _drawn()
    want, _, h, y_hat = _judged(p, x, y, torch.tanh, cut=True)
    given = p, x, y, h, y_hat

    def slope(t: int) -> Any:
        return 1 - h[t + 1] ** 2

    got = _gradients(backward(*given))
    agree(got, want, "what is left is each step's own part, as if h^(t-1) were detached", {
        "from_future is still added": _by_hand(*given, slope),
        "from_above is missing: the other term was to go": _by_hand(*given, slope, above=0),
        "the slope of tanh has gone as well": _by_hand(*given, lambda t: 1, future=0),
    })  # fmt: skip


class _Counted(np.ndarray):
    """A matrix that counts the products that it has a part in."""

    products: list[str]

    def __array_finalize__(self, whole: Any) -> None:
        self.products = getattr(whole, "products", [])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc in (np.matmul, np.multiply):
            self.products.append(ufunc.__name__)
        return getattr(ufunc, method)(*map(_uncounted, inputs), **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in (np.dot, np.inner, np.einsum, np.tensordot):
            self.products.append(func.__name__)
            return func(*map(_uncounted, args), **kwargs)
        return super().__array_function__(func, types, args, kwargs)


def _uncounted(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, _Counted) else value


@exercise("ex-waits", "p, x, y", "the loss, h (T + 1, n_hidden) and ŷ (T, n_out)")
def waits(forward: Any) -> None:
    """Loss, h and ŷ, and the number of products with U over seven steps."""
    p, x, y = _drawn()
    _, loss, h, y_hat = _judged(p, x, y, torch.tanh)
    U = p["U"].view(_Counted)
    got = forward({**p, "U": U}, x, y)
    holds(isinstance(got, tuple | list) and len(got) == 3, "forward gives the loss, h and ŷ")
    _, without_b, *_ = _judged({**p, "b": 0 * p["b"]}, x, y, torch.tanh)
    agree(got[0], loss, "the loss stays the same", {"b has got lost": without_b})
    same(got[0], loss, "the loss stays the same to 1e-12", rtol=0, atol=1e-12)
    same(got[1], h, "h stays the same, with h[0] = 0 before the first step")
    same(got[2], y_hat, "ŷ stays the same")
    times = len(U.products)
    holds(times < 2, f"U has a part in {times} products over {len(x)} steps: one is enough")


@exercise("ex-wide", "n_hidden", "the smallest n_out")
def wide(n_out: Any) -> None:
    """Networks of 2 to 9 hidden units."""
    lost = "a V with so few rows still maps a direction of h to zero"
    formula(n_out, "n_hidden", [(2,), (5,), (9,)], Part("the width", lambda n: n, {
        lost: lambda n: n - 1,
        "so much is enough, but less would do": lambda n: n + 1,
    }))  # fmt: skip
