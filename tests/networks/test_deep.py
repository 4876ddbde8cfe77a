"""Deep networks: torch's stack, recurrences by hand, kernels, and the paths on autograd's graph."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import CLOSE, flat, two_halves_are_the_whole_and_padding_is_never_seen
from oracles import names_of_nodes
from torch import nn

from rnn_course import RNN, ElmanCell, GRUCell, LSTMCell, unroll
from rnn_course.kernels.deep import TransitionBPTT
from rnn_course.measures.walk import shortest_path
from rnn_course.networks.deep import (
    BlockCell,
    SkipTransition,
    Stack,
    ThreeBlocks,
    Transition,
    levels,
    mlp,
)

LENGTHS = [None, [6, 1, 4, 3]]


def outcome(run, cell, lengths=None, state=None):
    """h, the state and every gradient, of a loss that looks at all of them."""
    torch.manual_seed(5)
    x = torch.randn(4, 6, cell.n_in).double().requires_grad_()
    h, state = run(x, state, lengths)
    weighted = (h * torch.linspace(-1, 1, h.numel()).double().view_as(h)).sum()
    total = weighted + sum(part.pow(2).sum() for part in flat(state))
    inputs = [x, *(p for p in cell.parameters() if p.numel())]
    return [h, *flat(state), *torch.autograd.grad(total, inputs)]


def equal(cell, lengths=None, state=None):
    cell = cell.double()
    for mine, plain in zip(
        outcome(RNN(cell), cell, lengths, state),
        outcome(lambda *given: unroll(cell, *given), cell, lengths, state),
        strict=True,
    ):
        torch.testing.assert_close(mine, plain, **CLOSE)


# --- stacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_a_stack_is_torchs_stack(depth, lengths):
    torch.manual_seed(0)
    theirs = nn.RNN(3, 5, depth, batch_first=True).double()
    stack = Stack(*(ElmanCell(5 if k else 3, 5) for k in range(depth))).double()
    with torch.no_grad():
        for k, cell in enumerate(stack.cells):
            getattr(theirs, f"bias_hh_l{k}").zero_()
            cell.U.copy_(getattr(theirs, f"weight_ih_l{k}"))
            cell.W.copy_(getattr(theirs, f"weight_hh_l{k}"))
            cell.b.copy_(getattr(theirs, f"bias_ih_l{k}"))
    x = torch.randn(4, 6, 3).double().requires_grad_()
    h, state = RNN(stack)(x, lengths=lengths)
    if lengths is None:
        truth, last = theirs(x)
        torch.testing.assert_close(h, truth, **CLOSE)
    else:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, True, enforce_sorted=False)
        out, last = theirs(packed)
        truth, _ = nn.utils.rnn.pad_packed_sequence(out, True)
        inside = torch.arange(6) < torch.tensor(lengths)[:, None]
        h, truth = h[inside], truth[inside]
        torch.testing.assert_close(h, truth, **CLOSE)
    torch.testing.assert_close(torch.stack(state), last, **CLOSE)
    names = [
        (f"cells.{k}.{mine}", f"{torchs}_l{k}")
        for k in range(depth)
        for mine, torchs in (("U", "weight_ih"), ("W", "weight_hh"), ("b", "bias_ih"))
    ]
    mine, plain = dict(stack.named_parameters()), dict(theirs.named_parameters())
    grads = [
        torch.autograd.grad(y.pow(3).sum(), [x, *(w[n[i]] for n in names)])
        for i, (y, w) in enumerate(((h, mine), (truth, plain)))
    ]
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("given_state", [False, True])
def test_a_stack_of_any_cells_level_by_level_is_the_plain_loop(lengths, given_state):
    torch.manual_seed(0)
    stack = Stack(ElmanCell(3, 5), LSTMCell(5, 4), GRUCell(4, 2, reset="before"))
    state = None
    if given_state:
        state = (
            torch.randn(4, 5).double(),
            tuple(torch.randn(2, 4, 4).double()),
            torch.randn(4, 2).double(),
        )
    equal(stack, lengths, state)


def test_bug_a_stack_that_feeds_the_final_state_to_the_next_layer():
    """What the upper level says at t depends on each step up to t, and on none after it."""
    torch.manual_seed(0)
    stack = Stack(ElmanCell(3, 5), ElmanCell(5, 5)).double()
    x = torch.randn(1, 6, 3).double()
    for run in (RNN(stack), lambda x: unroll(stack, x)):
        h = run(x)[0]
        for t in range(6):
            moved = x.clone()
            moved[:, t] += 1
            changed = (run(moved)[0] - h).abs().amax((0, 2)) > 1e-9
            assert changed.tolist() == [s >= t for s in range(6)]
    (low, high), _ = levels(stack, x)
    alone = torch.zeros(1, 5).double()
    for t in range(6):  # h_2 reads h_1, step by step
        alone = torch.tanh(
            stack.cells[1].b + low[:, t] @ stack.cells[1].U.T + alone @ stack.cells[1].W.T
        )
        torch.testing.assert_close(high[:, t], alone, **CLOSE)


def test_each_level_of_a_stack_runs_its_own_kernel():
    names = names_of_nodes(RNN(Stack(ElmanCell(2, 3), GRUCell(3, 4)))(torch.randn(2, 5, 2))[0])
    assert "ElmanBPTT" in names and "GRUBPTT" in names
    assert "TanhBackward0" not in names


# --- transitions --------------------------------------------------------------------------------


def transitions():
    return {
        "1": Transition(5),
        "3": Transition(5, 3),
        "2, skip": SkipTransition(5),
        "4, skip": SkipTransition(5, 4),
    }


@pytest.mark.parametrize("name", transitions())
def test_a_transition_is_the_recurrence_written_by_hand(name):
    torch.manual_seed(0)
    transition = transitions()[name]
    nn.init.normal_(transition.b)
    cell = BlockCell(3, mlp(3, 7, 5), transition).double()
    x = torch.randn(6, 3).double()
    h, truth = torch.zeros(5).double(), []
    (L1, _, L2), W, b, S = cell.input, transition.W, transition.b, transition.S
    for x_t in x:
        z = L2.bias + L2.weight @ torch.tanh(L1.bias + L1.weight @ x_t) + W[0] @ h
        for k in range(1, transition.depth):
            z = b[k - 1] + W[k] @ torch.tanh(z)
        h = torch.tanh(z if S is None else z + S @ h)
        truth.append(h)
    for run in (RNN(cell), lambda x: unroll(cell, x)):
        torch.testing.assert_close(run(x[None])[0][0], torch.stack(truth), **CLOSE)


@pytest.mark.parametrize("name", transitions())
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("given_state", [False, True])
def test_the_kernel_is_the_plain_loop(name, lengths, given_state):
    torch.manual_seed(0)
    transition = transitions()[name]
    nn.init.normal_(transition.b)
    cell = BlockCell(3, mlp(3, 7, 5), transition)
    assert "TransitionBPTT" in names_of_nodes(RNN(cell)(torch.randn(1, 4, 3))[0])
    equal(cell, lengths, torch.randn(4, 5).double() if given_state else None)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("skip", [False, True])
def test_the_kernel_passes_gradcheck(depth, skip):
    torch.manual_seed(0)
    shapes = [(2, 4, 3), (2, 3), (depth, 3, 3), (depth - 1, 3)] + [(3, 3)] * skip
    inputs = [torch.randn(s).double().requires_grad_() for s in shapes]
    assert torch.autograd.gradcheck(
        lambda *given: TransitionBPTT.apply(*given, *[None] * (not skip)), inputs
    )


def test_the_kernel_refuses_a_second_derivative():
    x = torch.randn(1, 3, 2, requires_grad=True)
    h, _ = RNN(BlockCell(2, mlp(2, 3), Transition(3, 2)))(x)
    with pytest.raises(NotImplementedError, match="no second derivative"):
        torch.autograd.grad(h.sum(), x, create_graph=True)


def test_shallow_blocks_are_an_elman_cell():
    torch.manual_seed(0)
    elman = ElmanCell(3, 5)
    cell = BlockCell(3, mlp(3, 5), Transition(5))
    with torch.no_grad():
        cell.input[0].weight.copy_(elman.U)
        cell.transition.W[0].copy_(elman.W)
    x = torch.randn(2, 6, 3)
    torch.testing.assert_close(RNN(cell)(x)[0], RNN(elman)(x)[0])


def test_a_transition_of_the_reader_s_own_runs_the_plain_loop():
    class Half(Transition):
        def forward(self, a_t, h):
            return super().forward(a_t, h) / 2

    class Bare(nn.Module):
        n_hidden = 4

        def forward(self, a_t, h):
            return torch.relu(a_t - h)

    for transition in (Half(4), Bare()):
        cell = BlockCell(3, mlp(3, 4), transition)
        assert "TransitionBPTT" not in names_of_nodes(RNN(cell)(torch.randn(1, 3, 3))[0])
        equal(cell)


def test_a_hook_on_the_transition_is_called():
    cell, seen = BlockCell(3, mlp(3, 4), Transition(4, 2)), []
    handle = cell.transition.register_forward_hook(lambda *_: seen.append(1))
    RNN(cell)(torch.randn(1, 5, 3))
    assert len(seen) == 5
    handle.remove()
    assert "TransitionBPTT" in names_of_nodes(RNN(cell)(torch.randn(1, 5, 3))[0])


def test_three_blocks_each_of_which_can_be_replaced():
    torch.manual_seed(0)
    x = torch.randn(2, 5, 3)
    network = ThreeBlocks(BlockCell(3, mlp(3, 4), Transition(4)), mlp(4, 2))
    o = network(x)[0]
    assert o.shape == (2, 5, 2)
    torch.testing.assert_close(o, network.output(network.rnn(x)[0]))
    for replace in (
        lambda: setattr(network.rnn.cell, "input", mlp(3, 9, 4)),
        lambda: setattr(network.rnn.cell, "transition", SkipTransition(4, 3)),
        lambda: setattr(network, "output", mlp(4, 6, 2)),
    ):
        replace()
        assert not torch.allclose(network(x)[0], o)
        o = network(x)[0]
    assert o.shape == (2, 5, 2)


def test_orthogonal_at_the_start():
    for W in (*Transition(6, 3).W, *SkipTransition(6, 2).W, SkipTransition(6, 2).S):
        torch.testing.assert_close(W @ W.T, torch.eye(6), atol=1e-5, rtol=0)


def test_a_deep_network_learns_an_echo():
    torch.manual_seed(0)
    model = ThreeBlocks(
        Stack(BlockCell(2, mlp(2, 16), SkipTransition(16)), ElmanCell(16, 16)), mlp(16, 2)
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(120):
        y = torch.randint(2, (64, 12))
        o = model(nn.functional.one_hot(y, 2).float())[0][:, 3:]
        loss = nn.functional.cross_entropy(o.transpose(1, 2), y[:, :-3])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.05


# --- properties ---------------------------------------------------------------------------------


@st.composite
def cells(draw, n_in):
    """A cell of one to three levels, each with a transition of its own; their depths and skips."""
    shape = draw(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=3))
    shape = [(depth, skip and depth > 1) for depth, skip in shape]
    H = 3
    blocks = [
        BlockCell(
            H if k else n_in,
            mlp(H if k else n_in, *[4] * draw(st.integers(0, 2)), H),
            SkipTransition(H, depth) if skip else Transition(H, depth),
        )
        for k, (depth, skip) in enumerate(shape)
    ]
    return (Stack(*blocks) if len(blocks) > 1 or draw(st.booleans()) else blocks[0]), shape


@settings(max_examples=25)
@given(made=cells(2), T=st.integers(1, 6), seed=st.integers(0, 999), data=st.data())
def test_cut_in_two_and_padding_never_matters(made, T, seed, data):
    torch.manual_seed(seed)
    lengths = data.draw(st.lists(st.integers(1, T), min_size=3, max_size=3))
    two_halves_are_the_whole_and_padding_is_never_seen(
        RNN(made[0]).double(), torch.randn(3, T, 2).double(), data.draw(st.integers(1, T)), lengths
    )


# --- path lengths -------------------------------------------------------------------------------


def run_from_inner_state(cell, steps):
    """The state before and after so many steps; the first is no leaf of autograd's graph."""

    def lifted(state):
        if isinstance(state, torch.Tensor):
            return state.clone().requires_grad_() * 1
        parts = map(lifted, state)
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)

    state = first = lifted(cell.initial_state(2))
    for _ in range(steps):
        _, state = cell(torch.randn(2, cell.n_in), state)
    return first, state


@settings(max_examples=60)
@given(made=cells(2), steps=st.integers(1, 4))
def test_the_path_is_as_long_as_the_structure_says(made, steps):
    cell, shape = made
    lengths = [1 if skip else depth for depth, skip in shape]
    first, last = (flat(state) for state in run_from_inner_state(cell, steps))
    for k, length in enumerate(lengths):
        assert shortest_path(first[k], last[k]) == steps * length
        for above in range(k + 1, len(lengths)):
            # Up to a higher level: at each level between at least its whole transition, and all
            # other steps where they cost least.
            assert shortest_path(first[k], last[above]) == by_brute_force(
                cell, shape, k, above, steps
            )
            assert shortest_path(first[above], last[k]) is None


def by_brute_force(cell, shape, low, high, steps):
    """Dijkstra by hand on (step, level): along a level, or up inside a step."""
    blocks = list(cell.cells)
    across = [1 if skip else depth for depth, skip in shape]
    # from the level below through the input block and all layers of the transition
    up = [len(block.input) // 2 + depth for block, (depth, _) in zip(blocks, shape, strict=True)]
    best = {(0, k): (0 if k == low else float("inf")) for k in range(len(shape))}
    for t in range(1, steps + 1):
        for k in range(len(shape)):
            best[t, k] = min(
                best[t - 1, k] + across[k], best[t, k - 1] + up[k] if k else float("inf")
            )
    return best[steps, high]


@pytest.mark.parametrize("output", [1, 2])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("input", [1, 2])
def test_a_second_layer_shows_in_its_own_block_and_in_no_other(input, depth, output):
    """From x to h it is the layers of two blocks: what enters passes the whole transition."""
    network = ThreeBlocks(
        BlockCell(3, mlp(3, *[5] * input), Transition(5, depth)), mlp(*[5] * output, 2)
    )
    x, h0 = (torch.zeros(1, n, requires_grad=True) * 1 for n in (3, 5))
    a = network.rnn.cell.project(x)
    h, _ = network.rnn.cell.step(a, h0)
    o = network.output(h)
    ends = ((x, a), (h0, h), (h, o), (x, h))
    assert [shortest_path(*each) for each in ends] == [
        input - 1,
        depth,
        output - 1,
        input - 1 + depth,
    ]


def test_paths_of_the_cells_with_gates():
    """Memory cells hand on c, and a GRU h, through sums and products alone."""
    first, last = run_from_inner_state(LSTMCell(2, 3), 3)
    assert shortest_path(first.c, last.c) == 0 and shortest_path(first.h, last.h) > 0
    first, last = run_from_inner_state(GRUCell(2, 3), 3)
    assert shortest_path(first, last) == 0
    first, last = run_from_inner_state(ElmanCell(2, 3), 3)
    assert shortest_path(first, last) == 3


def test_the_fewest_layers_count_and_not_the_fewest_operations():
    x = torch.ones(2, requires_grad=True) * 1
    assert shortest_path(x, x.tanh() + x * 2 * 2 * 2 * 2) == 0


def test_a_kernel_hides_its_layers_and_is_refused():
    cell, h0 = ElmanCell(2, 3), torch.zeros(1, 3, requires_grad=True) * 1
    x = torch.randn(1, 6, 2)
    assert shortest_path(h0, unroll(cell, x, h0)[1]) == 6
    with pytest.raises(ValueError, match="target: expected plain operations .* ElmanBPTTBackward"):
        shortest_path(h0, RNN(cell)(x, h0)[1])


def test_a_path_needs_nodes():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="source: expected a tensor with a node"):
        shortest_path(x, x.tanh())
    with pytest.raises(ValueError, match="target: expected a tensor with a node"):
        shortest_path(x.tanh(), torch.ones(2))
    assert shortest_path(x.tanh(), x.tanh()) is None


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mlp(3), ValueError, r"sizes: expected at least two, of the input and the output"),
        (lambda: mlp(3, 0), ValueError, "sizes: expected an integer of at least 1, got 0"),
        (lambda: Transition(3, 0), ValueError, "depth: expected an integer of at least 1, got 0"),
        (
            lambda: SkipTransition(3, 1),
            ValueError,
            "depth: expected at least 2 layers to go around",
        ),
        (
            lambda: BlockCell(3, mlp(3, 4), Transition(5)),
            ValueError,
            "input: expected a block from 3 to 5 numbers, got one to 4",
        ),
        (
            lambda: BlockCell(3, mlp(5, 4), Transition(4)),
            ValueError,
            "(?s)input: expected a block from 3 to 4 numbers, got Sequential.* which raises: ",
        ),
        (
            lambda: BlockCell(3, mlp(3, 4), nn.Linear(4, 4)),
            TypeError,
            "transition: expected a module that has n_hidden, such as a Transition, got Linear",
        ),
        (
            lambda: ThreeBlocks(ElmanCell(3, 4), mlp(5, 2)),
            ValueError,
            "(?s)output: expected a block from 4 to any numbers, got Sequential.* which raises: ",
        ),
        (
            lambda: levels(ElmanCell(2, 3), torch.zeros(1, 4, 2)),
            TypeError,
            "stack: expected a Stack, got ElmanCell",
        ),
        (lambda: Stack(), ValueError, "cells: expected at least one, each different, got 0"),
        (lambda: Stack(nn.Linear(2, 2)), TypeError, "cells: expected a Cell, got Linear"),
        (
            lambda: Stack(ElmanCell(2, 3), ElmanCell(2, 3)),
            ValueError,
            "cells: expected n_in = 3 at level 2, as many as the level below gives, got 2",
        ),
        (
            lambda: Stack(*[ElmanCell(3, 3)] * 2),
            ValueError,
            "cells: expected at least one, each dif",
        ),
        (
            lambda: RNN(Stack(ElmanCell(2, 3)))(torch.zeros(1, 4, 2), torch.zeros(1, 3)),
            TypeError,
            "state: expected a tuple of 1 states, one per level, got Tensor",
        ),
        (
            lambda: RNN(Stack(ElmanCell(2, 3)))(torch.zeros(1, 4, 2), (torch.zeros(1, 2),)),
            ValueError,
            "state: expected n = 3 features, got 2",
        ),
        (
            lambda: RNN(Stack(ElmanCell(2, 3)))(torch.zeros(1, 4, 5)),
            ValueError,
            "x: expected n_in = 2 features, got 5",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
