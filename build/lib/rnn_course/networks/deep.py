"""Chapter 8: three blocks that can each be replaced, deep transitions, and stacked cells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnn_course import checks
from rnn_course.cells import Cell
from rnn_course.kernels import deep as kernels
from rnn_course.kernels.kernel import Kernel, as_written, with_lengths
from rnn_course.padding import Lengths
from rnn_course.rnn import RNN
from rnn_course.states import State


def mlp(*sizes: int) -> nn.Sequential:
    """A multi-layer perceptron: linear layers with a tanh between them, and none at the end.

    mlp(n, m) is one linear layer. Weights start Glorot-uniform, biases zero. It is an input block,
    since the transition has a tanh of its own, or an output block.

    Raises:
        ValueError: If there are fewer than two sizes, or if one is not a positive integer.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes: expected at least two, of the input and the output, got {sizes}")
    layers: list[nn.Module] = []
    for n, m in zip(sizes, sizes[1:], strict=False):
        linear = nn.Linear(checks.positive("sizes", n), checks.positive("sizes", m))
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


class Transition(nn.Module):
    """Hidden to hidden through `depth` layers; what comes from the input, a^(t), enters the first:

        z_1 = tanh(a^(t) + W_1 h^(t-1)),    z_i = tanh(b_i + W_i z_(i-1)),    h^(t) = z_depth

    With depth 1 it is the plain recurrence. Parameters W (depth, n_hidden, n_hidden), each layer
    orthogonal at the start, and b (depth - 1, n_hidden), zero.
    Source: Pascanu et al. (2014), "deep transition"; Goodfellow et al. (2016), figure 10.13b;
    deck S7.3, S7.5.

    Raises:
        ValueError: If a size is not a positive integer.
    """

    S: nn.Parameter | None

    def __init__(self, n_hidden: int, depth: int = 1) -> None:
        super().__init__()
        self.n_hidden = H = checks.positive("n_hidden", n_hidden)
        self.depth = checks.positive("depth", depth)
        self.W = nn.Parameter(torch.empty(self.depth, H, H))
        self.b = nn.Parameter(torch.zeros(self.depth - 1, H))
        self.register_parameter("S", None)  # a way around: see SkipTransition
        for layer in self.W.detach():
            nn.init.orthogonal_(layer)

    def forward(self, a_t: Tensor, h: Tensor) -> Tensor:
        """a^(t) and h^(t-1), both (B, n_hidden), to h^(t)."""
        inner = a_t + F.linear(h, self.W[0])  # the argument of a layer's tanh
        for W_i, b_i in zip(self.W[1:], self.b, strict=True):
            inner = F.linear(torch.tanh(inner), W_i, b_i)
        return torch.tanh(inner if self.S is None else inner + F.linear(h, self.S))

    def extra_repr(self) -> str:
        return f"n_hidden={self.n_hidden}, depth={self.depth}"


class SkipTransition(Transition):
    """A deep transition with a way around it: h^(t-1) enters the last layer as well.

        h^(t) = tanh(b_d + W_d z_(d-1) + S h^(t-1)),    d = depth

    From h^(t-1) to h^(t) there is a path through one layer again, whatever the depth. S (n_hidden,
    n_hidden) starts orthogonal.
    Source: Pascanu et al. (2014), "DT(S)-RNN"; Goodfellow et al. (2016), figure 10.13c; deck S7.6.

    Raises:
        ValueError: If depth is under 2: there is nothing to go around.
    """

    def __init__(self, n_hidden: int, depth: int = 2) -> None:
        if checks.positive("depth", depth) < 2:
            raise ValueError(f"depth: expected at least 2 layers to go around, got {depth}")
        super().__init__(n_hidden, depth)
        self.S = nn.Parameter(nn.init.orthogonal_(torch.empty_like(self.W[0])))


#: what `TransitionBPTT` computes: noted now, before it can be overridden
_TRANSITION = Transition.forward


class BlockCell(Cell):
    """A cell of two blocks, each a module of its own:

        a^(t) = input(x^(t)),    h^(t) = transition(a^(t), h^(t-1))

    `input` takes (..., n_in) to (..., n_hidden), for all steps at once, and may be deep (`mlp`);
    `transition` is a `Transition` or any module that is called like one and has `n_hidden`. The
    state is h. With `mlp(n_in, n_hidden)` and `Transition(n_hidden)` it is an `ElmanCell`.
    Source: Goodfellow et al. (2016), section 10.5; deck S7.1, S7.3.

    Raises:
        TypeError: If the transition has no `n_hidden`.
        ValueError: If the input block does not fit between n_in and n_hidden.
    """

    def __init__(self, n_in: int, input: nn.Module, transition: nn.Module) -> None:
        n_hidden = getattr(transition, "n_hidden", None)
        if n_hidden is None:
            raise TypeError(
                "transition: expected a module that has n_hidden, such as a "
                f"Transition, got {type(transition).__name__}"
            )
        super().__init__(n_in, n_hidden)
        self.input, self.transition = input, transition
        _tried("input", input, self.like.new_zeros(1, self.n_in), self.n_hidden)

    def project(self, x: Tensor) -> Tensor:
        """Input to hidden, through the input block."""
        return self.input(x)

    def step(self, a_t: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        h = self.transition(a_t, state)
        return h, h

    def initial_state(self, batch: int) -> Tensor:
        return self.like.new_zeros(batch, self.n_hidden)

    @property
    def known_transition(self) -> nn.Module | None:
        """The transition, if the kernel computes the same as it does."""
        return self.transition if as_written(self.transition, _TRANSITION) else None

    kernel = Kernel(with_lengths(kernels.blocks), "input known_transition", project, step)


def _levels(
    x: Tensor, state: tuple[State, ...] | None, lengths: Lengths | None, cells: Iterable[Cell]
) -> tuple[list[Tensor], tuple[State, ...]]:
    found, states = [x], []
    for k, cell in enumerate(cells):
        h, after = RNN(cell)(found[-1], None if state is None else state[k], lengths)
        found.append(h)
        states.append(after)
    return found[1:], tuple(states)


def _level_by_level(
    x: Tensor, state: tuple[State, ...], lengths: Lengths | None, cells: Iterable[Cell]
) -> tuple[Tensor, tuple[State, ...]]:
    found, states = _levels(x, state, lengths, cells)
    return found[-1], states


class Stack(Cell):
    """The state in groups, one above the other, each a cell that reads the one below:

        h_1^(t), state_1 = cell_1(x^(t), state_1)
        h_k^(t), state_k = cell_k(h_(k-1)^(t), state_k)

    A stack of cells is a cell: h is that of the highest, the state is the tuple of all states. An
    `RNN` of it runs level by level, all steps of one before the next, each by its own kernel.
    Source: El Hihi and Bengio (1996); Graves et al. (2013); Goodfellow et al. (2016), figure
    10.13a; deck S7.2.

    Raises:
        TypeError: If one of the cells is not a `Cell`.
        ValueError: If there are no cells, if one is given twice, or if they do not fit on top
            of each other.
    """

    def __init__(self, *cells: Cell) -> None:
        for k, cell in enumerate(cells):
            checks.instance("cells", cell, Cell)
            if k and cell.n_in != cells[k - 1].n_hidden:
                raise ValueError(
                    f"cells: expected n_in = {cells[k - 1].n_hidden} at level {k + 1},"
                    f" as many as the level below gives, got {cell.n_in}"
                )
        if not cells or len(set(map(id, cells))) < len(cells):
            raise ValueError(f"cells: expected at least one, each different, got {len(cells)}")
        super().__init__(cells[0].n_in, cells[-1].n_hidden)
        self.cells = nn.ModuleList(cells)

    @property
    def upwards(self) -> list[Cell]:
        """The cells, from the lowest up."""
        return cast(list[Cell], [*self.cells])  # a ModuleList holds any modules, for mypy

    def project(self, x: Tensor) -> Tensor:
        """Input to hidden of the lowest level; x itself if it has to be called as a whole."""
        lowest = self.upwards[0]
        return lowest.project(x) if lowest.is_split else x

    def step(self, a_t: Tensor, state: tuple[State, ...]) -> tuple[Tensor, tuple[State, ...]]:
        h, states = a_t, []
        for k, (cell, before) in enumerate(zip(self.upwards, state, strict=True)):
            h, after = cell.step(h, before) if k == 0 and cell.is_split else cell(h, before)
            states.append(after)
        return h, tuple(states)

    def initial_state(self, batch: int) -> tuple[State, ...]:
        return tuple(cell.initial_state(batch) for cell in self.upwards)

    def state_or_initial(self, state: tuple[State, ...] | None, batch: int) -> tuple[State, ...]:
        if state is None:
            return self.initial_state(batch)
        if not isinstance(state, tuple) or len(state) != len(self.cells):
            raise TypeError(
                f"state: expected a tuple of {len(self.cells)} states, one per level, "
                f"got {type(state).__name__}"
            )
        return tuple(
            cell.state_or_initial(part, batch)
            for cell, part in zip(self.upwards, state, strict=True)
        )

    kernel = Kernel(_level_by_level, "upwards", project, step)


def levels(
    stack: Stack, x: Tensor, state: tuple[State, ...] | None = None, lengths: Lengths | None = None
) -> tuple[list[Tensor], tuple[State, ...]]:
    """The output of each level of a stack, the lowest first: a list of h_k (B, T, n_k); the states.

    Each level reads all of the level below it, every step and not only the last.

    Raises:
        TypeError: If `stack` is not a `Stack`.
    """
    checks.instance("stack", stack, Stack)
    return _levels(x, state, lengths, stack.upwards)


class ThreeBlocks(nn.Module):
    """A recurrent network as its three blocks, each of which can be replaced:

        a^(t) = input(x^(t)),    h^(t) = transition(a^(t), h^(t-1)),    o^(t) = output(h^(t))

    `cell` is the first two (a `BlockCell`, or any cell: every cell is split in this way), `output`
    takes (..., n_hidden) to (..., n_out), such as `mlp(n_hidden, n_out)`. Only the transition has
    to wait for the step before; the other two blocks are done for all steps at once.
    Source: Goodfellow et al. (2016), section 10.5; deck S7.1.

    Raises:
        TypeError: If `cell` is not a `Cell`.
        ValueError: If the output block does not take h.
    """

    def __init__(self, cell: Cell, output: nn.Module) -> None:
        super().__init__()
        self.rnn, self.output = RNN(cell), output
        _tried("output", output, cell.like.new_zeros(1, cell.n_hidden))

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Lengths | None = None
    ) -> tuple[Tensor, State]:
        """x (B, T, n_in) to o (B, T, n_out) and the state after the last step; see `unroll`."""
        h, state = self.rnn(x, state, lengths)
        return self.output(h), state


def _tried(name: str, block: nn.Module, given: Tensor, width: int | None = None) -> None:
    """Raise `ValueError` unless the block takes `given` and returns `width` numbers."""
    expected = f"{name}: expected a block from {given.shape[1]} to {width or 'any'} numbers"
    try:
        with torch.no_grad():
            found = block(given).shape[-1]
    except (RuntimeError, IndexError) as error:
        raise ValueError(f"{expected}, got {block}, which raises: {error}") from error
    if width not in (None, found):
        raise ValueError(f"{expected}, got one to {found}")
