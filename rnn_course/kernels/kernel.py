"""What a kernel is, and when it may replace the plain loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.padding import inside
from rnn_course.states import State


class Kernel:
    """A function that computes for all steps at once what some methods compute step by step.

    A class names its kernel in its body, below the methods that it replaces:

        kernel = Kernel(elman, "U W b", DenseCell.project, step)

    `run(*inputs, *attributes)` is the function, `attributes` names what it takes of the module, and
    `methods` are recorded as they are when the class is made: see `as_written`.
    """

    def __init__(self, run: Callable[..., Any], attributes: str, *methods: Callable) -> None:
        self.run, self.attributes, self.methods = run, attributes.split(), methods


def kernel_of(module: nn.Module) -> Callable[..., Any] | None:
    """The module's kernel, holding the module's weights.

    None if it has no kernel, if a reader has overridden or hooked one of the methods that the
    kernel replaces, or if one of the attributes is None: then the plain loop runs.
    """
    kernel: Kernel | None = getattr(module, "kernel", None)
    if kernel is None or not as_written(module, *kernel.methods):
        return None
    weights = [getattr(module, name) for name in kernel.attributes]
    if any(weight is None for weight in weights):
        return None
    return lambda *inputs: kernel.run(*inputs, *weights)


def as_written(module: nn.Module, *methods: Callable) -> bool:
    """Whether these are still the module's methods: not overridden by a subclass, a patch or an
    instance, with no hook that waits for the module to be called."""
    hooks = (
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
    )
    found = (getattr(getattr(module, m.__name__), "__func__", None) for m in methods)
    return not any(hooks) and all(m is own for m, own in zip(methods, found, strict=True))


def serves(x: Tensor) -> bool:
    """Whether a kernel can run over x now. If not, the plain loop computes the same, step by step.

    A kernel knows nothing of the precisions that autocast mixes, of the transforms of torch.func
    (vmap, and with it per-sample gradients, grad, jvp, …) or of forward-mode differentiation. Nor
    can it know that a second derivative will be asked for: see `first_derivative_only`.
    """
    return isinstance(x, Tensor) and not (checks.autocast(x) or checks.transformed())


def first_derivative_only(
    name: str, g: Tensor, call: str = "unroll(cell, ...)", instead_of: str = "RNN(cell)(...)"
) -> None:
    """Refuse a backward pass that is to be differentiated, or that takes many gradients at once.

    Raises:
        NotImplementedError: Under `create_graph=True`, `is_grads_batched` or `vectorize`.
    """
    many = checks.transformed() or torch._C._functorch.is_legacy_batchedtensor(g)
    if torch.is_grad_enabled() or many:  # the first: under create_graph=True
        raise NotImplementedError(
            f"{name} has no second derivative, and takes one gradient at a "
            f"time: call {call} instead of {instead_of}"
        )


def with_lengths(kernel: Callable[..., Tensor]) -> Callable[..., tuple[Tensor, State]]:
    """Turn a kernel whose state is h into one that takes lengths and returns the last state too."""

    def run(
        x: Tensor, state: Tensor, lengths: Tensor | None, *weights: Any
    ) -> tuple[Tensor, Tensor]:
        h = kernel(x, state, *weights)
        if lengths is None:
            return h, (h[:, -1] if state.shape[1] else state).clone()
        h, last = held(h, lengths)
        return h, last if state.shape[1] else state.clone()

    return run


def held(h: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """h (B, T, H) with h^(τ) in place of what comes after it, and h^(τ) itself, (B, H).

    No step looks ahead, so a kernel may run on into the padding; what it wrote there goes.
    """
    last = h.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, h.shape[2]))
    return torch.where(inside(lengths, h.shape[1]).unsqueeze(2), h, last), last.squeeze(1)
