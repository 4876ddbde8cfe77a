"""What an unfolded graph consists of: its nodes, its edges, and how often it uses what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch

from rnn_course import checks

KINDS = ("x", "state", "h", "o")


class Node(NamedTuple):
    """A tensor of the unfolded graph: one of `KINDS`, at one step, under one letter.

    The letter is the kind, but for a state that is neither h nor o: c for an LSTM.
    """

    letter: str
    kind: str
    step: int

    @property
    def name(self) -> str:
        """Such as "h(2)"."""
        return f"{self.letter}({self.step})"


class Edge(NamedTuple):
    """`source` feeds `target` directly, multiplied by `parameters` (none: as it is)."""

    source: str
    target: str
    parameters: frozenset[str]


@dataclass(frozen=True)
class UnfoldedGraph:
    """What `unfold` found.

    `biases[name]` are the parameters that enter a node by themselves, on no edge; `shapes[p]` is
    the shape of parameter p, `uses[p]` the number of steps that use it. Step 0 is the state that
    the network starts from.
    """

    steps: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    biases: Mapping[str, frozenset[str]]
    shapes: Mapping[str, tuple[int, ...]]
    uses: Mapping[str, int]

    @property
    def n_parameters(self) -> int:
        """How many numbers the parameters used here hold, each counted once."""
        return sum(torch.Size(shape).numel() for shape in self.shapes.values())

    def of_kind(self, kind: str) -> list[Node]:
        """The nodes of one kind, in the order of time."""
        checks.one_of("kind", kind, KINDS)
        return [node for node in self.nodes if node.kind == kind]

    def __str__(self) -> str:
        """One edge a line: `h(1) → h(2)   W`."""
        arrows = [(f"{e.source} → {e.target}", ", ".join(sorted(e.parameters))) for e in self.edges]
        width = max(len(arrow) for arrow, _ in arrows)
        return "\n".join(f"{arrow:{width}}   {letters}".rstrip() for arrow, letters in arrows)
