"""Chapter 12: what to draw from, given the outputs o: all symbols, or only the likelier ones.

Each function takes o (B, n_out), not normalised, to outputs of the same shape, so that they can be
applied one after another; `LanguageModel.write` takes them as `shape`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnn_course import checks

NEVER = -1e30
"""The output of a symbol that is not to be drawn: its probability is 0, and it is finite."""


def tempered(o: Tensor, temperature: float) -> Tensor:
    """Outputs whose softmax is sharper or flatter:

        P(s) ∝ exp(o_s / temperature)

    that is, every probability to the power 1/temperature, normalised. At 1 nothing changes; towards
    0 the likeliest symbol gets everything; the higher, the closer to an even choice.
    Source: Ackley, Hinton and Sejnowski (1985).

    Raises:
        ValueError: If the temperature is not a finite number above 0.
    """
    if not 0 < checks.finite("temperature", temperature):
        raise ValueError(f"temperature: expected a number above 0, got {temperature!r}")
    return o / temperature


def top_k(o: Tensor, k: int) -> Tensor:
    """Outputs that leave the k likeliest symbols of each row; of equal ones, any.

    Source: Fan, Lewis and Dauphin (2018).

    Raises:
        ValueError: If k is not an integer from 1 to the number of symbols.
    """
    if checks.positive("k", k) > o.shape[-1]:
        raise ValueError(f"k: expected at most the {o.shape[-1]} symbols, got {k}")
    best = o.topk(k, dim=-1)
    return torch.full_like(o, NEVER).scatter(-1, best.indices, best.values)


def nucleus(o: Tensor, p: float) -> Tensor:
    """Outputs that leave the fewest symbols whose probabilities add up to at least p.

    They are the likeliest ones: few where the network is certain, many where it is not.
    Source: Holtzman et al. (2020), section 3.1.

    Raises:
        ValueError: If p is not a number above 0 and at most 1.
    """
    if not 0 < checks.real(p) <= 1:
        raise ValueError(f"p: expected a number above 0 and at most 1, got {p!r}")
    ordered = o.sort(dim=-1, descending=True)
    before = ordered.values.softmax(-1).cumsum(-1).roll(1, -1)  # what the likelier ones have
    before[..., 0] = 0
    kept = torch.where(before < p, ordered.values, NEVER)
    return torch.empty_like(o).scatter(-1, ordered.indices, kept)
