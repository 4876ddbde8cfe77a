"""What an unfolded graph consists of: its nodes, its edges, and the uses of each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch

from rnn_course import checks

KINDS = ("x", "state", "h", "o")


class Node(NamedTuple):
    """A tensor of the unfolded graph: one of `KINDS`, at one step, under one letter.

    The letter is the kind, except for a state that is neither h nor o: c in an LSTM.
    """

    letter: str
    kind: str
    step: int

    @property
    def name(self) -> str:
        """Such as "h(2)"."""
        return f"{self.letter}({self.step})"


class Edge(NamedTuple):
    """`source` feeds `target` directly, multiplied by `parameters` if there are any."""

    source: str
    target: str
    parameters: frozenset[str]


@dataclass(frozen=True)
class UnfoldedGraph:
    """What `unfold` found.

    Attributes:
        steps: The number of steps; step 0 is the state that the network starts from.
        biases: For each node the parameters that enter it on their own, on no edge.
        shapes: The shape of each parameter.
        uses: For each parameter the number of steps that use it.
    """

    steps: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    biases: Mapping[str, frozenset[str]]
    shapes: Mapping[str, tuple[int, ...]]
    uses: Mapping[str, int]

    @property
    def n_parameters(self) -> int:
        """The number of parameters in use, each counted once."""
        return sum(torch.Size(shape).numel() for shape in self.shapes.values())

    def of_kind(self, kind: str) -> list[Node]:
        """The nodes of one kind, in order of time."""
        checks.one_of("kind", kind, KINDS)
        return [node for node in self.nodes if node.kind == kind]

    def __str__(self) -> str:
        """One edge per line: `h(1) → h(2)   W`."""
        arrows = [(f"{e.source} → {e.target}", ", ".join(sorted(e.parameters))) for e in self.edges]
        width = max(len(arrow) for arrow, _ in arrows)
        return "\n".join(f"{arrow:{width}}   {letters}".rstrip() for arrow, letters in arrows)
