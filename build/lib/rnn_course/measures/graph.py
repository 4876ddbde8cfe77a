"""The unfolded computational graph of a recurrent network, measured on the module itself.

No module declares its graph. It runs once, each x^(t), h^(t), o^(t) and state is kept, and
autograd's own graph is walked backwards from each until it meets another that was kept.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.measures import walk
from rnn_course.measures.unfolding import KINDS, Edge, Node, UnfoldedGraph
from rnn_course.rnn import RNN
from rnn_course.states import State, each

BATCH = 4  # sequences in the trial run


def unfold(model: nn.Module, steps: int) -> UnfoldedGraph:
    """Run `model` over `steps` steps and read its unfolded graph from what autograd recorded.

    `model` is a cell, an RNN, or a module that has its RNN as `.rnn` (and, if its input is symbols,
    their embedding as `.embed`). x^(t) is what enters the RNN. An output (B, n_out) is one o at the
    end, an output (B, T, n_out) an o at each step; the edges of an o come from the h^(t) that
    it depends on. The model itself is not changed: all this happens on a copy.
    Source: Goodfellow et al. (2016), section 10.1 and figures 10.3 to 10.5; deck S1.1.

    Raises:
        TypeError: If the model is none of these.
        ValueError: If the number of steps or the shape of the output is wrong.
        RuntimeError: If the RNN and its cell, run step by step, do not agree.
    """
    checks.positive("steps", steps)
    model, rnn = _copy(model)
    run = _Run(rnn)
    letters = _letters(model, rnn.cell)
    with torch.enable_grad():
        output = model(**_inputs(model, rnn.cell, steps))
        if run.calls != 1:
            raise ValueError(f"model: expected forward to run its RNN once, got {run.calls} runs")
        feeds = walk.back_to(run.kept, letters)
        found = {node: feeds(tensor) for node, tensor in run.kept.items()}
        if model is not rnn:
            feeds = walk.back_to(run.given, letters)
            for node, o in _outputs(output, steps).items():
                if node not in found:
                    found[node] = _depends(o, feeds(o), run.given)
                elif not torch.allclose(o, run.kept[node], rtol=1e-4, atol=1e-5):
                    raise ValueError(f"model: its output and its cell's {node.name} differ")
    return _assemble(steps, found, {letters[id(p)]: p for p in model.parameters()})


def _copy(model: nn.Module) -> tuple[nn.Module, RNN]:
    """A copy of the model, with nothing frozen and no dropout, and the RNN in it."""
    model = RNN(model) if isinstance(model, Cell) else model
    rnn = _rnn(model)
    if not isinstance(model, nn.Module) or not isinstance(rnn, RNN):
        with_rnn = "" if rnn is None else f" with a {type(rnn).__name__} as .rnn"
        raise TypeError(
            "model: expected a Cell, an RNN, or a module with an RNN as .rnn, got "
            f"{type(model).__name__}{with_rnn}"
        )
    model = copy.deepcopy(model).requires_grad_(True).eval()
    rnn = _rnn(model)
    assert isinstance(rnn, RNN)
    return model, rnn


def _rnn(model: nn.Module) -> object:
    return model if isinstance(model, RNN) else getattr(model, "rnn", None)


def _inputs(model: nn.Module, cell: Cell, steps: int) -> dict[str, Tensor]:
    """Random input for the model's first argument, and y and `lengths` if it takes them."""
    names = list(inspect.signature(model.forward).parameters)
    random = torch.Generator().manual_seed(0)
    embed = getattr(model, "embed", None)
    if isinstance(embed, nn.Embedding):
        x = torch.randint(embed.num_embeddings, (BATCH, steps), generator=random)
    else:
        x = torch.randn(BATCH, steps, cell.n_in, generator=random).to(cell.like.dtype)
    inputs = {names[0]: x.to(cell.like.device)}
    if "y" in names:  # the true outputs, to be fed back
        readout = model.V
        assert isinstance(readout, nn.Linear)
        y = torch.randint(readout.out_features, (BATCH, steps), generator=random)
        inputs["y"] = y.to(cell.like.device)
    if "lengths" in names:
        inputs["lengths"] = torch.full((BATCH,), steps, device=cell.like.device)
    return inputs


class _Run:
    """Keeps what passes through an RNN while the model runs.

    A hook replaces what the RNN did by the plain loop, since a kernel leaves autograd one node for
    all steps.
    """

    def __init__(self, rnn: RNN) -> None:
        self.calls = 0
        self.kept: dict[Node, Tensor] = {}
        self.given: dict[Node, Tensor] = {}  # what the rest of the model gets
        rnn.register_forward_hook(self.replace, with_kwargs=True)

    def replace(
        self, rnn: RNN, args: tuple[Any, ...], kwargs: dict[str, Any], output: tuple[Tensor, State]
    ) -> tuple[Tensor, State]:
        """The same h and state as `output`, computed step by step from separate x^(t)."""
        self.calls += 1
        got = inspect.signature(rnn.forward).bind(*args, **kwargs).arguments
        cell, x = rnn.cell, got["x"].detach()
        state = each(_visible, cell.state_or_initial(got.get("state"), len(x)))
        out = []
        for step, x_t in enumerate(x.unbind(1), start=1):
            x_t, before = _visible(x_t), state
            h, state = cell(x_t, state)
            out.append(h)
            after = _nodes(cell, h, state, step)
            if step == 1:
                starts = zip(after, _parts(before).values(), strict=True)
                self.kept |= {node._replace(step=0): part for node, part in starts}
            self.kept |= {Node("x", "x", step): x_t, Node("h", "h", step): h}
            self.kept |= {node: part for node, part in after.items() if part.requires_grad}
        h = torch.stack(out, dim=1)
        if not torch.allclose(h, output[0], rtol=1e-4, atol=1e-5):
            off = (h - output[0]).abs().max().item()
            raise RuntimeError(f"model: the RNN and its cell step by step differ by {off:.1e}")
        # Clones, so that a gradient that arrives at them has come straight from the output.
        h, state = h.clone(), each(Tensor.clone, state)
        self.given = {ALL_H: h, **dict(zip(after, _parts(state).values(), strict=True))}
        return h, state


ALL_H = Node("h", "h", -1)  # h^(1) … h^(τ) in one tensor


def _visible(value: Tensor) -> Tensor:
    """The same numbers as a tensor that autograd's graph shows as a node."""
    return (value if value.requires_grad else value.detach().requires_grad_()).clone()


def _parts(state: State) -> dict[str, Tensor]:
    """The tensors in a state by the names of their fields, without empty ones."""
    parts = {"s": state} if isinstance(state, Tensor) else state._asdict()
    return {name: part for name, part in parts.items() if part.numel()}


def _nodes(cell: Cell, h: Tensor, state: State, step: int) -> dict[Node, Tensor]:
    """A node for each part of a state: h itself, the o that the cell makes, or anything else."""
    nodes: dict[Node, Tensor] = {}
    for letter, part in _parts(state).items():
        if part is h:
            node = Node("h", "h", step)
        elif isinstance(state, Tensor) and hasattr(cell, "V"):
            node = Node("o", "o", step)
        else:
            node = Node(letter, "state", step)
        nodes[node] = part
    return nodes


def _letters(model: nn.Module, cell: Cell) -> dict[int, str]:
    """The letter of each parameter, by its id: V for V.weight, c for V.bias, U for rnn.cell.U."""
    names = {id(p): name for name, p in model.named_parameters()}
    names |= {id(p): name for name, p in cell.named_parameters()}
    return {
        key: "c" if name == "V.bias" else name.removesuffix(".weight")
        for key, name in names.items()
    }


def _outputs(output: Tensor, steps: int) -> dict[Node, Tensor]:
    """The nodes of the output: one o at the end or one at each step, according to its shape."""
    if isinstance(output, Tensor) and output.dim() == 2:
        return {Node("o", "o", steps): output}
    if isinstance(output, Tensor) and output.dim() == 3 and output.shape[1] == steps:
        return {Node("o", "o", t): o for t, o in enumerate(output.unbind(1), start=1)}
    got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    raise ValueError(
        "model: expected forward to return a tensor (B, n_out) or (B, T, n_out) with "
        f"T = {steps}, got {got}"
    )


def _depends(o: Tensor, feeds: walk.Feeds[Node], given: Mapping[Node, Tensor]) -> walk.Feeds[Node]:
    """The part of what the walk has found that o depends on: where its gradient is not zero."""
    reached, biases = feeds
    weights = torch.linspace(1, 2, o.numel(), dtype=o.dtype, device=o.device).view_as(o)
    sources: dict[Node, set[str]] = {}
    for node, parameters in reached.items():
        (gradient,) = torch.autograd.grad((o * weights).sum(), given[node], retain_graph=True)
        if node is ALL_H:  # (B, T, n_hidden)
            steps = gradient.any(2).any(0).nonzero().flatten().tolist()
            used = [Node("h", "h", t + 1) for t in steps]
        else:
            used = [node] if gradient.any() else []
        for source in used:
            sources.setdefault(source, set()).update(parameters)
    return sources, biases


def _assemble(
    steps: int, found: Mapping[Node, walk.Feeds[Node]], parameters: Mapping[str, Tensor]
) -> UnfoldedGraph:
    nodes = sorted(found, key=lambda node: (node.step, KINDS.index(node.kind), node.letter))
    edges = [
        Edge(source.name, node.name, frozenset(found[node][0][source]))
        for node in nodes
        for source in nodes
        if source in found[node][0]
    ]
    biases = {node.name: frozenset(found[node][1]) for node in nodes}
    at = {node: biases[node.name].union(*found[node][0].values()) for node in nodes}
    uses = {p: len({node.step for node in nodes if p in at[node]}) for p in parameters}
    uses = {p: count for p, count in uses.items() if count}
    shapes = {p: tuple(parameters[p].shape) for p in uses}
    return UnfoldedGraph(steps, tuple(nodes), tuple(edges), biases, shapes, uses)
