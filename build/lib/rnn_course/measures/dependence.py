"""What depends on what: outputs on inputs, and the last state on each state before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.states import State, flattened, shaped


def dependency_map(outputs: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """How much each output depends on each input, (B, T_y, T):

        D_{ts} = ‖∂o^(t) / ∂x^(s)‖ = sqrt(Σ_ki (∂o_k^(t) / ∂x_i^(s))²)

    x (B, T, n_in) floats to `outputs(x)` (B, T_y, n_out), each row of the batch on its own. D is
    exactly 0 where no path leads from x^(s) to o^(t). It takes a backward pass for each of the
    T_y · n_out outputs; one number per step, such as the logit of the answer, is quicker.
    Source: deck S5.2.

    Raises:
        TypeError: If x does not hold floats.
        ValueError: If x is not (B, T, n_in), or the outputs are not (B, T_y, n_out) or do not
            depend on x or anything computed from it.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x: expected floats (for symbols, their one-hot vectors), got {kind}")
    if x.dim() != 3 or x.numel() == 0:
        raise ValueError(f"x: expected shape (B, T, n_in), not empty, got {tuple(x.shape)}")
    x = x.detach().requires_grad_()
    o = outputs(x)
    if not isinstance(o, Tensor) or o.dim() != 3 or len(o) != len(x):
        got = tuple(o.shape) if isinstance(o, Tensor) else type(o).__name__
        raise ValueError(f"outputs: expected shape ({len(x)}, T_y, n_out), got {got}")
    if not o.requires_grad:
        raise ValueError(
            "outputs: expected a differentiable function of x, got outputs without gradient"
        )
    squares = x.new_zeros(len(x), o.shape[1], x.shape[1])
    for t, o_t in enumerate(o.unbind(1)):
        for o_tk in o_t.unbind(1):
            # no row of the batch enters the output of another, so their sum keeps them apart
            (g,) = torch.autograd.grad(o_tk.sum(), x, retain_graph=True)
            squares[:, t] += g.square().sum(2)
    return squares.sqrt()


@torch.enable_grad()
def jacobians(cell: Cell, x: Tensor, state: State | None = None) -> Tensor:
    """The effect of each step on a small change of the state before it:

        J^(t) = ∂s^(t) / ∂s^(t-1),    s^(t) = step(a^(t), s^(t-1)),    t = 1 … T

    x (B, T, n_in) to J (B, T, n, n), J^(t) at index t - 1. s is the *whole* state, its parts side
    by side: h alone for a plain network or a GRU, [h, c] with n = 2 n_hidden for an LSTM. The rows
    of a batch do not affect one another, so one backward pass per step through n copies of the
    batch gives all n rows of J^(t), whatever the cell.
    Source: Goodfellow et al. (2016), section 10.7; Pascanu et al. (2013), equation 5; deck S8.1.

    Raises:
        TypeError: If `cell` is not a Cell, or x or the state has the wrong type.
        ValueError: If the cell has no state, or x or the state does not fit the cell.
    """
    found = []
    for a_t, before in _steps(cell, x, state):
        B, n = before.shape
        copies = before.repeat_interleave(n, dim=0).requires_grad_()
        after = _one_step(cell, a_t.repeat_interleave(n, dim=0), copies)
        rows = torch.eye(n, dtype=before.dtype, device=before.device).repeat(B, 1)
        (J,) = torch.autograd.grad(after, copies, rows, materialize_grads=True)
        found.append(J.view(B, n, n))
    return torch.stack(found, dim=1)


def jacobian_products(J: Tensor) -> Tensor:
    """From the last state back to each state before it, by the chain rule:

        ∂s^(T) / ∂s^(t) = J^(T) J^(T-1) … J^(t+1),    t = 0 … T

    J (B, T, n, n) as `jacobians` gives them, to (B, T + 1, n, n); the last one is the identity.
    """
    P = torch.eye(J.shape[-1], dtype=J.dtype, device=J.device).expand_as(J[:, 0])
    found = [P]
    for J_t in reversed(J.unbind(1)):
        P = P @ J_t
        found.append(P)
    return torch.stack(found[::-1], dim=1)


def gradient_norms(cell: Cell, x: Tensor, state: State | None = None) -> Tensor:
    """How much of a gradient reaches step t from the last step: (T + 1,), for t = 0 … T,

        ‖∂s^(T) / ∂s^(t)‖₂

    the largest factor by which a small change of s^(t) grows on its way to s^(T) (the largest
    singular value). s is the whole state, as in `jacobians`. With several sequences in x
    (B, T, n_in) it is the mean over them. At t = T it is 1.
    Source: deck S8.1.

    Raises:
        TypeError, ValueError: As `jacobians`.
    """
    return _largest(jacobian_products(jacobians(cell, x, state))).mean(0)


def gradient_bounds(cell: Cell, x: Tensor, state: State | None = None) -> Tensor:
    """Upper bounds of the norms of `gradient_norms`: (T + 1,), for t = 0 … T,

        ‖∂s^(T) / ∂s^(t)‖₂ ≤ Π_{k = t+1 … T} ‖J^(k)‖₂

    a product of largest singular values, which are not spectral radii. With several sequences it is
    the mean over them.
    Source: Pascanu et al. (2013), section 2.1.

    Raises:
        TypeError, ValueError: As `jacobians`.
    """
    each = _largest(jacobians(cell, x, state))  # (B, T)
    ones = each.new_ones(len(each), 1)
    return torch.cat([each.flip(1).cumprod(1).flip(1), ones], dim=1).mean(0)


@torch.enable_grad()
def gradient_terms(
    cell: Cell, x: Tensor, loss: Callable[[State], Tensor], state: State | None = None
) -> dict[str, Tensor]:
    """The gradient of a loss at step T, split by the step at which θ acted:

        ∂L/∂θ = Σ_t  ∂L/∂s^(T) · ∂s^(T)/∂s^(t) · ∂⁺s^(t)/∂θ,    t = 1 … T

    ∂⁺ is the immediate derivative: s^(t-1) is held fixed. `loss` takes the state after the last
    step (the output of an LSTM is its `state.h`) and returns a scalar. The result maps the name
    of each parameter θ of the cell to T terms of θ's shape, term t at index t - 1. Their sum over t
    is autograd's gradient.
    Source: Pascanu et al. (2013), equations 3 to 5; deck S8.1.

    Raises:
        TypeError, ValueError: As `jacobians`; or the loss is not a scalar.
    """
    names, weights = zip(*cell.named_parameters(), strict=True)
    P = jacobian_products(jacobians(cell, x, state))
    after = [_one_step(cell, a_t, before) for a_t, before in _steps(cell, x, state)]
    last = after[-1].detach().requires_grad_()
    value = loss(shaped(last, cell.initial_state(len(x))))
    if not isinstance(value, Tensor) or value.dim() != 0:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"loss: expected a scalar, got {got}")
    (dL,) = torch.autograd.grad(value, last)
    terms = []
    for s_t, P_t in zip(after, P.unbind(1)[1:], strict=True):
        row = (dL.unsqueeze(1) @ P_t).squeeze(1)  # ∂L/∂s^(t), (B, n)
        terms.append(torch.autograd.grad(s_t, weights, row, materialize_grads=True))
    return {
        name: torch.stack(each) for name, each in zip(names, zip(*terms, strict=True), strict=True)
    }


def _steps(cell: Cell, x: Tensor, state: State | None) -> Iterator[tuple[Tensor, Tensor]]:
    """The input of each step and the state before it, flat and detached.

    The input is projected, unless the cell has to be called as a whole.
    """
    checks.instance("cell", cell, Cell)
    checks.features("x", x, next(cell.parameters()), "B T n_in", cell.n_in)
    before = flattened(cell.state_or_initial(state, len(x))).detach()
    if before.shape[1] == 0:
        raise ValueError(f"cell: expected one with a state, got {type(cell).__name__}")
    for x_t in x.detach().unbind(1):
        a_t = cell.project(x_t) if cell.is_split else x_t
        yield a_t, before
        before = _one_step(cell, a_t, before).detach()


def _one_step(cell: Cell, a_t: Tensor, before: Tensor) -> Tensor:
    """`cell.step` from a flat state (B, n) to the flat state after it."""
    step = cell.step if cell.is_split else cell
    return flattened(step(a_t, shaped(before, cell.initial_state(len(before))))[1])


def _largest(matrices: Tensor) -> Tensor:
    """The largest singular value of each matrix."""
    return torch.linalg.matrix_norm(matrices, ord=2)
