"""What a computation costs, counted and not timed: multiplications, and bytes that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from rnn_course import checks
from rnn_course.states import State, tensors

_ON_CPU = {  # torch's counter knows the kernel of attention on the GPU alone
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: lambda q, k, v, *_, **__: (
        sdpa_flop_count(q, k, v)
    ),
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: (
        lambda g, q, k, v, *_, **__: sdpa_backward_flop_count(g, q, k, v)
    ),
}


def multiplications(run: Callable[[], Any]) -> int:
    """How many numbers are multiplied in the matrix products while `run()` is called.

    What is multiplied element by element is left out. Products inside a kernel that writes into its
    own memory are not seen, so count a recurrence by `unroll`.
    """
    with FlopCounterMode(display=False, custom_mapping=_ON_CPU) as counter:
        run()
    return int(counter.get_total_flops()) // 2  # torch counts each addition as well


def bytes_kept(run: Callable[[], Tensor], but: Iterable[Tensor] = ()) -> int:
    """The bytes that autograd keeps of `run()` for its backward pass, without those of `but`.

    What several operations share counts once; name the parameters in `but`.
    """
    known = {part.untyped_storage().data_ptr() for part in but}
    kept: list[Tensor] = []  # so that no address is used again

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        _result = run()
    storages = {part.untyped_storage().data_ptr(): part.untyped_storage() for part in kept}
    return sum(each.nbytes() for address, each in storages.items() if address not in known)


def bytes_of(state: State) -> int:
    """The bytes of the numbers in a state, or in any nested tuple of tensors."""
    return sum(part.numel() * part.element_size() for part in tensors(state))


def exponent(lengths: Sequence[float], cost: Sequence[float]) -> float:
    """The power p of the law cost ≈ c · length^p that fits best: the slope in log-log.

    Raises:
        ValueError: Unless there is a cost above 0 for each of two lengths or more, all above 0.
    """
    if len(lengths) != len(cost) or len(lengths) < 2:
        raise ValueError(
            f"cost: expected one for each of two lengths or more, got {len(cost)} for "
            f"{len(lengths)}"
        )
    for name, values in (("lengths", lengths), ("cost", cost)):
        if not all(checks.real(value) > 0 for value in values):
            raise ValueError(f"{name}: expected numbers above 0, got {list(values)}")
    return float(np.polyfit(np.log(lengths), np.log(cost), 1)[0])
