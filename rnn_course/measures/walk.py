"""Walking autograd's recorded graph backwards, from a tensor to those that feed it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node as Function

Name = TypeVar("Name", bound=Hashable)
#: the names of the sources, each with the parameters on the way from it; and the biases
Feeds = tuple[dict[Name, set[str]], set[str]]


def back_to(
    kept: Mapping[Name, Tensor], parameters: Mapping[int, str]
) -> Callable[[Tensor], Feeds[Name]]:
    """A function from a tensor to the kept tensors that feed it directly.

    It walks `grad_fn.next_functions` and stops at each kept tensor, which must not be a leaf.
    `parameters` gives the name of a parameter by its id. A parameter is on the way from a source
    if it multiplies what comes from there; one that is only added is a bias.
    """
    # An operation may have several outputs, so a tensor is known by its operation and number.
    names = {(t.grad_fn, t.output_nr): name for name, t in kept.items() if t.grad_fn is not None}
    seen: dict[Function, Feeds[Name]] = {}

    def feeds(function: Function | None) -> Feeds[Name]:
        if function is None:
            return {}, set()
        if function not in seen:
            sources: dict[Name, set[str]] = {}
            biases: set[str] = set()
            for term in _terms(function):
                paths, factors, added = _along(term)
                if not paths:
                    biases |= factors
                for name, on_the_way in paths.items():
                    sources.setdefault(name, set()).update(on_the_way | factors)
                biases |= added
            seen[function] = sources, biases
        return seen[function]

    def _along(
        operands: Sequence[tuple[Function | None, int]],
    ) -> tuple[dict[Name, set[str]], set[str], set[str]]:
        """Of operands that are multiplied: the paths, the parameters, the biases on the paths."""
        paths: dict[Name, set[str]] = {}
        factors: set[str] = set()
        added: set[str] = set()
        for before, output_nr in operands:
            if (before, output_nr) in names:
                paths.setdefault(names[before, output_nr], set())
            elif hasattr(before, "variable"):  # a leaf
                factors |= {parameters[key] for key in [id(before.variable)] if key in parameters}
            else:
                further, alone = feeds(before)
                for name, on_the_way in further.items():
                    paths.setdefault(name, set()).update(on_the_way)
                (added if further else factors).update(alone)
        return paths, factors, added

    return lambda tensor: feeds(tensor.grad_fn)


def _terms(function: Function) -> list[Sequence[tuple[Function | None, int]]]:
    """The operands of an operation, in groups that it adds to each other."""
    operands = function.next_functions
    match function.name():
        case "AddBackward0" | "SubBackward0":
            return [[operand] for operand in operands]
        case "AddmmBackward0" | "AddmvBackward0" | "BaddbmmBackward0":
            return [operands[:1], operands[1:]]  # bias + input · weight
        case "LinearBackward0":
            return [operands[:2], operands[2:]]  # input · weight + bias
        case _:
            return [operands]


def longest_chain(tensor: Tensor, kind: str = "TanhBackward0") -> int:
    """The most operations of one kind that had to wait for one another on the way to `tensor`.

    Autograd's graph is gone through from the leaves up: the longest path, counted in `kind`.
    """
    longest: dict[Function, int] = {}
    todo = [tensor.grad_fn] if tensor.grad_fn is not None else []
    while todo:
        function = todo[-1]
        before = [f for f, _ in function.next_functions if f is not None]
        waiting = [f for f in before if f not in longest]
        if waiting:
            todo += waiting
        else:
            longest[function] = (function.name() == kind) + max(map(longest.get, before), default=0)
            todo.pop()
    return longest.get(tensor.grad_fn, 0)


#: the operations that are counted as a layer: each is a non-linear function of one number
LAYERS = frozenset(f"{name}Backward0" for name in ("Tanh", "Relu", "Sigmoid"))


def shortest_path(source: Tensor, target: Tensor) -> int | None:
    """The fewest non-linear layers on a path from `source` to `target`; None if there is no path.

    It is counted on autograd's real graph, from the target back: a breadth-first search in which
    a tanh, ReLU or sigmoid costs 1, and sums and products nothing. `source` must have been computed
    from something that needs a gradient (it is no leaf).
    Source: deck S7.5. Raises `ValueError` for a tensor that autograd has no node of, and where a
    kernel lies on the way, which hides its layers: use `unroll`.
    """
    for name, tensor in (("source", source), ("target", target)):
        if tensor.grad_fn is None:
            raise ValueError(f"{name}: expected a tensor with a node in autograd's graph, no leaf")
    goal = source.grad_fn, source.output_nr
    todo, seen = deque([(0, (target.grad_fn, target.output_nr))]), set()
    while todo:  # 0-1 breadth-first: the nearest first
        length, here = todo.popleft()
        if here == goal:
            return length
        if here in seen:
            continue
        seen.add(here)
        if isinstance(here[0], BackwardCFunction):
            raise ValueError(
                f"target: expected plain operations on the way, got "
                f"{here[0].name()}, a kernel, which hides its layers: use unroll"
            )
        cost = here[0].name() in LAYERS
        for before in here[0].next_functions:
            if before[0] is not None:
                (todo.append if cost else todo.appendleft)((length + cost, before))
    return None
