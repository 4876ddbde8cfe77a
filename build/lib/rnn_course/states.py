"""What a cell carries from step to step, a tensor or a named tuple of states: walked here, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

State = Any
"""A Tensor, or a (named) tuple of states: each cell says which."""


def each(function: Callable[..., Tensor], state: State, *others: State) -> State:
    """The state of `function(part)` for each tensor in `state`, nested as `state` is.

    With `others`, of the same form, the function takes the parts in the same place.
    """
    if isinstance(state, Tensor):
        return function(state, *others)
    parts = [each(function, *those) for those in zip(state, *others, strict=True)]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


def tensors(state: State) -> list[Tensor]:
    """The tensors in a state, from left to right."""
    return [state] if isinstance(state, Tensor) else [t for part in state for t in tensors(part)]


def flattened(state: State) -> Tensor:
    """The tensors of a state side by side, (B, n)."""
    return torch.cat(tensors(state), dim=1)


def shaped(flat: Tensor, like: State) -> State:
    """A flat state (B, n) in the form of `like`: the inverse of `flattened`."""
    parts = iter(flat.split([part.shape[1] for part in tensors(like)], dim=1))
    return each(lambda _: next(parts), like)
