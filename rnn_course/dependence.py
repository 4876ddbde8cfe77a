"""What depends on what: derivatives of a network's outputs with respect to its inputs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def dependency_map(outputs: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """How much each output depends on each input, (B, T_y, T):

        D_{ts} = ‖∂o^(t) / ∂x^(s)‖ = sqrt(Σ_ki (∂o_k^(t) / ∂x_i^(s))²)

    x (B, T, n_in) floats, `outputs(x)` (B, T_y, n_out), each row of the batch for itself. Where no
    path leads from x^(s) to o^(t), D is exactly 0. It takes a backward pass for each of the
    T_y · n_out outputs; one number a step, such as the logit of the answer, is quicker.
    Source: deck S5.2.

    Raises `TypeError` or `ValueError` for an x that is not (B, T, n_in) floats, outputs that are
    not (B, T_y, n_out), and such that do not depend on x at all, nor on anything made from it.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        got = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x: expected floats (for symbols, their one-hot vectors), got {got}")
    if x.dim() != 3 or x.numel() == 0:
        raise ValueError(f"x: expected shape (B, T, n_in), not empty, got {tuple(x.shape)}")
    x = x.detach().requires_grad_()
    o = outputs(x)
    if not isinstance(o, Tensor) or o.dim() != 3 or len(o) != len(x):
        got = tuple(o.shape) if isinstance(o, Tensor) else type(o).__name__
        raise ValueError(f"outputs: expected shape ({len(x)}, T_y, n_out), got {got}")
    if not o.requires_grad:
        raise ValueError("outputs: expected a differentiable function of x, got outputs without "
                         "gradient")
    squares = x.new_zeros(len(x), o.shape[1], x.shape[1])
    for t, o_t in enumerate(o.unbind(1)):
        for o_tk in o_t.unbind(1):
            # a row of the batch does not enter another one's output: the sum keeps them apart
            (g,) = torch.autograd.grad(o_tk.sum(), x, retain_graph=True)
            squares[:, t] += g.square().sum(2)
    return squares.sqrt()
