"""Walking autograd's recorded graph backwards, from a tensor to those that feed it.

Two searches and a walk, each a loop over `next_functions`. A graph library would not be shorter: it
needs the same loop to copy the graph.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node as Function

Name = TypeVar("Name", bound=Hashable)
#: the names of the sources, each with the parameters on the path from it; and the biases
Feeds = tuple[dict[Name, set[str]], set[str]]
#: an operation that autograd recorded, and the number of one of its outputs: this is a tensor
Output = tuple[Function | None, int]


def back_to(
    kept: Mapping[Name, Tensor], parameters: Mapping[int, str]
) -> Callable[[Tensor], Feeds[Name]]:
    """A function from a tensor to the kept tensors that feed it directly.

    It walks `grad_fn.next_functions` and stops at each kept tensor, which must not be a leaf.
    `parameters` maps the id of a parameter to its name. A parameter is on the path from a source if
    it multiplies what comes from there; one that is only added is a bias.
    """
    names: dict[Output, Name] = {
        (t.grad_fn, t.output_nr): name for name, t in kept.items() if t.grad_fn is not None
    }
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
                for name, on_path in paths.items():
                    sources.setdefault(name, set()).update(on_path | factors)
                biases |= added
            seen[function] = sources, biases
        return seen[function]

    def _along(operands: Sequence[Output]) -> tuple[dict[Name, set[str]], set[str], set[str]]:
        """The paths, parameters and biases of operands that are multiplied with each other."""
        paths: dict[Name, set[str]] = {}
        factors: set[str] = set()
        added: set[str] = set()
        for before, output_nr in operands:
            if (before, output_nr) in names:
                paths.setdefault(names[before, output_nr], set())
            elif (leaf := getattr(before, "variable", None)) is not None:
                factors |= {parameters[id(leaf)]} if id(leaf) in parameters else set()
            else:
                further, alone = feeds(before)
                for name, on_path in further.items():
                    paths.setdefault(name, set()).update(on_path)
                (added if further else factors).update(alone)
        return paths, factors, added

    return lambda tensor: feeds(tensor.grad_fn)


def _terms(function: Function) -> list[Sequence[Output]]:
    """The operands of an operation, in groups that are added to each other."""
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
    """The length of the longest path to `tensor`, counted in operations of one kind.

    Each of these operations had to wait for the one before. Autograd's graph is searched from the
    leaves up.
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
            longest[function] = (function.name() == kind) + max(
                (longest[f] for f in before), default=0
            )
            todo.pop()
    return longest[tensor.grad_fn] if tensor.grad_fn is not None else 0


#: the operations that count as a layer: each is a non-linear function applied to every element
LAYERS = frozenset(f"{name}Backward0" for name in ("Tanh", "Relu", "Sigmoid"))


def shortest_path(source: Tensor, target: Tensor) -> int | None:
    """The fewest non-linear layers on a path from `source` to `target`; None if there is no path.

    It is found in autograd's own graph, from the target back, by a breadth-first search in which a
    tanh, ReLU or sigmoid costs 1, and sums and products cost nothing. `source` must not be a leaf:
    it must have been computed from something that needs a gradient.
    Source: deck S7.5.

    Raises:
        ValueError: If autograd has no node for a tensor, or there is a kernel on the path, which
            hides its layers (use `unroll`).
    """
    for name, tensor in (("source", source), ("target", target)):
        if tensor.grad_fn is None:
            raise ValueError(
                f"{name}: expected a tensor with a node in autograd's graph, not a leaf"
            )
    goal: Output = source.grad_fn, source.output_nr
    todo: deque[tuple[int, Output]] = deque([(0, (target.grad_fn, target.output_nr))])
    seen: set[Output] = set()
    while todo:  # 0-1 breadth-first: the nearest first
        length, here = todo.popleft()
        function = here[0]
        if here == goal:
            return length
        if here in seen or function is None:
            continue
        seen.add(here)
        if isinstance(function, BackwardCFunction):
            raise ValueError(
                f"target: expected plain operations on the path, got {function.name()}, a kernel, "
                "which hides its layers: use unroll"
            )
        cost = function.name() in LAYERS
        for before in function.next_functions:
            (todo.append if cost else todo.appendleft)((length + cost, before))
    return None
