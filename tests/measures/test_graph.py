"""The unfolded graph that is read from autograd, against the edges of the equations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from rnn_course import (
    RNN,
    ElmanCell,
    GRUCell,
    JordanCell,
    LSTMCell,
    MemorylessCell,
    Summariser,
    unroll,
)
from rnn_course.measures.graph import UnfoldedGraph, unfold
from rnn_course.measures.walk import longest_chain
from rnn_course.networks.dashed_edges import three_networks


def edges(graph: UnfoldedGraph) -> dict[tuple[str, str], str]:
    """(source, target) to the letters on the edge."""
    return {(e.source, e.target): " ".join(sorted(e.parameters)) for e in graph.edges}


def names(graph: UnfoldedGraph, kind: str) -> list[str]:
    return [node.name for node in graph.of_kind(kind)]


def elman_edges(steps: int) -> dict[tuple[str, str], str]:
    found = {(f"x({t})", f"h({t})"): "U" for t in range(1, steps + 1)}
    return found | {(f"h({t - 1})", f"h({t})"): "W" for t in range(1, steps + 1)}


class Tagger(nn.Module):
    """An output at each step, as a reader would write it."""

    def __init__(self, cell: nn.Module, n_out: int = 2) -> None:
        super().__init__()
        self.rnn, self.V = RNN(cell), nn.Linear(cell.n_hidden, n_out)

    def forward(self, x: Tensor) -> Tensor:
        h, _ = self.rnn(x)
        return self.V(h)


class Head(Tagger):
    """One output, from what `read` makes of all h and the last state."""

    def __init__(self, cell: nn.Module, read: object) -> None:
        super().__init__(cell)
        self.read = read

    def forward(self, x: Tensor) -> Tensor:
        return self.V(self.read(*self.rnn(x)))


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("wrap", [lambda cell: cell, RNN])
def test_elman_has_w_between_steps_and_u_from_each_x(steps, wrap):
    graph = unfold(wrap(ElmanCell(3, 4)), steps)
    assert edges(graph) == elman_edges(steps)
    assert names(graph, "h") == [f"h({t})" for t in range(steps + 1)]
    assert names(graph, "x") == [f"x({t})" for t in range(1, steps + 1)]
    assert names(graph, "o") == names(graph, "state") == []
    assert {name: set(b) for name, b in graph.biases.items() if b} == {
        f"h({t})": {"b"} for t in range(1, steps + 1)
    }
    assert graph.uses == {"U": steps, "W": steps, "b": steps}
    assert graph.shapes == {"U": (4, 3), "W": (4, 4), "b": (4,)}


def test_jordan_runs_through_the_output_alone():
    graph = unfold(JordanCell(3, 4, 2), 3)
    expected = {(f"x({t})", f"h({t})"): "U" for t in (1, 2, 3)}
    expected |= {(f"o({t - 1})", f"h({t})"): "W" for t in (1, 2, 3)}
    expected |= {(f"h({t})", f"o({t})"): "V" for t in (1, 2, 3)}
    assert edges(graph) == expected
    assert graph.biases["o(2)"] == {"c"} and graph.biases["h(2)"] == {"b"}
    assert graph.uses == {"U": 3, "W": 3, "b": 3, "V": 3, "c": 3}
    assert graph.shapes["W"] == (4, 2) and graph.shapes["V"] == (2, 4)


def test_lstm_carries_h_and_c():
    graph = unfold(LSTMCell(3, 4), 2)
    expected = {}
    for t in (1, 2):
        for target in (f"h({t})", f"c({t})"):
            expected |= {(f"x({t})", target): "U", (f"h({t - 1})", target): "W"}
        expected |= {(f"c({t - 1})", f"c({t})"): "", (f"c({t})", f"h({t})"): ""}
    assert edges(graph) == expected
    assert names(graph, "state") == ["c(0)", "c(1)", "c(2)"]
    assert graph.uses == {"U": 2, "W": 2, "b": 2}


def test_gru_reset_after_keeps_x_and_h_apart():
    graph = unfold(GRUCell(3, 4, reset="after"), 3)
    assert edges(graph) == elman_edges(3)
    assert graph.biases["h(1)"] == {"b", "b_r"}


def test_gru_reset_before_sends_x_through_w_as_well():
    """r depends on x, and r ⊙ h goes through W."""
    found = edges(unfold(GRUCell(3, 4, reset="before"), 2))
    assert found == {
        ("h(0)", "h(1)"): "W",
        ("x(1)", "h(1)"): "U W",
        ("h(1)", "h(2)"): "W",
        ("x(2)", "h(2)"): "U W",
    }


@pytest.mark.parametrize("steps", [1, 4])
def test_summariser_has_one_output_at_the_last_step(steps):
    graph = unfold(Summariser(7, 3, ElmanCell(3, 4), 2), steps)
    assert edges(graph) == elman_edges(steps) | {(f"h({steps})", f"o({steps})"): "V"}
    assert names(graph, "o") == [f"o({steps})"]
    assert graph.uses == {"U": steps, "W": steps, "b": steps, "V": 1, "c": 1}


def test_tagger_has_an_output_at_each_step():
    graph = unfold(Tagger(ElmanCell(3, 4)), 3)
    readout = {(f"h({t})", f"o({t})"): "V" for t in (1, 2, 3)}
    assert edges(graph) == elman_edges(3) | readout
    assert graph.uses["V"] == graph.uses["c"] == 3


@pytest.mark.parametrize(
    "read, read_from",
    [
        (lambda h, state: h.mean(1), {"h(1)", "h(2)", "h(3)"}),
        (lambda h, state: h[:, 0], {"h(1)"}),
        (lambda h, state: h[:, 1:].amax(1), {"h(2)", "h(3)"}),
        (lambda h, state: state.h, {"h(3)"}),
        (lambda h, state: state.c, {"c(3)"}),
        (lambda h, state: h[:, -1] + state.h, {"h(3)"}),
        (lambda h, state: h[:, -1] * 0 + state.c * 0 + h[:, 1], {"h(2)"}),
    ],
)
def test_an_output_hangs_on_the_h_that_it_depends_on(read, read_from):
    torch.manual_seed(0)
    graph = unfold(Head(LSTMCell(3, 4), read), 3)
    found = {source: label for (source, target), label in edges(graph).items() if target == "o(3)"}
    assert found == dict.fromkeys(read_from, "V")


def test_a_model_around_jordan_shares_its_outputs():
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = RNN(JordanCell(3, 4, 2))

        def forward(self, x: Tensor) -> Tensor:
            h, _ = self.rnn(x)
            return self.factor * self.rnn.cell.V(h)

    model = Around()
    model.factor = 1
    assert edges(unfold(model, 3)) == edges(unfold(model.rnn, 3))
    model.factor = 2
    with pytest.raises(ValueError, match=r"output and its cell's o\(1\) differ"):
        unfold(model, 3)


@pytest.mark.parametrize(
    "model",
    [
        ElmanCell(3, 4),
        JordanCell(3, 4, 2),
        LSTMCell(3, 4),
        GRUCell(3, 4),
        Summariser(7, 3, GRUCell(3, 4), 2),
        Tagger(ElmanCell(3, 4)),
    ],
)
def test_the_number_of_parameters_does_not_know_the_length(model):
    owned = sum(p.numel() for name, p in model.named_parameters() if "embed" not in name)
    for steps in (1, 2, 7):
        graph = unfold(model, steps)
        assert graph.n_parameters == owned
        assert all(graph.uses[p] == steps for p in ("U", "W", "b"))


class AlwaysFromZero(ElmanCell):
    def step(self, a_t, state):
        return super().step(a_t, torch.zeros_like(state))


class DetachedInside(ElmanCell):
    def step(self, a_t, state):
        return super().step(a_t, state.detach())


class DetachedOutside(ElmanCell):
    def step(self, a_t, state):
        h, state = super().step(a_t, state)
        return h, state.detach()


@pytest.mark.parametrize("cell", [AlwaysFromZero, DetachedInside, DetachedOutside])
def test_a_broken_recurrence_has_no_edge_from_h_to_h(cell):
    graph = unfold(cell(3, 4), 3)
    found = edges(graph)
    assert all(node.step == 0 for node in graph.of_kind("state"))
    assert not [edge for edge in found if edge[0] in ("h(1)", "h(2)")]
    assert [edge for edge in found if edge[0][0] == "x"] == [
        ("x(1)", "h(1)"),
        ("x(2)", "h(2)"),
        ("x(3)", "h(3)"),
    ]


def test_weights_of_its_own_for_each_step_show():
    class Untied(ElmanCell):
        def __init__(self) -> None:
            super().__init__(3, 4)
            self.W2, self.step_number = nn.Parameter(torch.randn(4, 4)), 0

        def step(self, a_t, state):
            self.step_number += 1
            W = self.W if self.step_number % 3 else self.W2
            h = torch.tanh(a_t + state @ W.T)
            return h, h

    graph = unfold(Untied(), 3)
    assert edges(graph)["h(2)", "h(3)"] == "W2"
    assert graph.uses == {"U": 3, "W": 2, "b": 3, "W2": 1}


@pytest.mark.parametrize(
    "step",
    [
        lambda cell, a, h: torch.tanh(cell.b + h @ cell.W.T + a),
        lambda cell, a, h: torch.tanh(a - torch.einsum("ij,bj->bi", -cell.W, h) + cell.b),
        lambda cell, a, h: (a + nn.functional.linear(h, cell.W, cell.b)).tanh(),
    ],
)
def test_the_way_a_step_is_written_does_not_matter(step):
    class Written(ElmanCell):
        def project(self, x):
            return x @ self.U.T

        def step(self, a_t, state):
            h = step(self, a_t, state)
            return h, h

    graph = unfold(Written(3, 4), 2)
    assert edges(graph) == elman_edges(2)
    assert graph.biases["h(2)"] == {"b"}


def test_the_model_stays_as_it_is_even_frozen_and_without_gradients():
    model = Summariser(7, 3, ElmanCell(3, 4), 2).requires_grad_(False)
    model.rnn.eval()
    before = {name: p.clone() for name, p in model.named_parameters()}
    random = torch.get_rng_state()
    with torch.no_grad():
        found = edges(unfold(model, 2))
    assert found == elman_edges(2) | {("h(2)", "o(2)"): "V"}
    assert all(
        torch.equal(p, before[name]) and p.grad is None and not p.requires_grad
        for name, p in model.named_parameters()
    )
    assert model.training and not model.rnn.training and not model.rnn._forward_hooks
    assert torch.equal(torch.get_rng_state(), random)


def test_float64_is_measured_too():
    assert edges(unfold(Tagger(GRUCell(3, 4)).double(), 2))["h(1)", "h(2)"] == "W"


def test_it_prints_an_edge_a_line():
    assert str(unfold(Summariser(7, 3, ElmanCell(3, 4), 2), 1)).splitlines() == [
        "h(0) → h(1)   W",
        "x(1) → h(1)   U",
        "h(1) → o(1)   V",
    ]


def test_an_rnn_that_computes_something_else_than_its_cell_is_found_out():
    class Doubled(RNN):
        def forward(self, x, state=None, lengths=None):
            h, state = super().forward(x, state, lengths)
            return 2 * h, state

    with pytest.raises(RuntimeError, match="the RNN and its cell step by step differ by"):
        unfold(Doubled(ElmanCell(3, 4)), 2)


@pytest.mark.parametrize("steps", [0, -1, 2.0, True, "3"])
def test_steps_have_to_be_a_positive_integer(steps):
    with pytest.raises(ValueError, match="steps: expected an integer of at least 1, got"):
        unfold(ElmanCell(3, 4), steps)


@pytest.mark.parametrize(
    "model, got", [(nn.Linear(3, 4), "got Linear"), (None, "got NoneType"), (Tagger, "got type")]
)
def test_another_model_is_named(model, got):
    with pytest.raises(TypeError, match=f"model: expected a Cell, an RNN, .* {got}"):
        unfold(model, 2)


def test_torchs_rnn_as_rnn_is_named():
    model = nn.Module()
    model.rnn = nn.RNN(3, 4)
    with pytest.raises(TypeError, match="got Module with a RNN as .rnn"):
        unfold(model, 2)


def test_other_outputs_and_other_uses_of_the_rnn_are_named():
    for forward, message in [
        (lambda self, x: self.rnn(x), "(B, n_out) or (B, T, n_out) with T = 3, got tuple"),
        (lambda self, x: self.rnn(x)[0][:, 1:], "got (4, 2, 4)"),
        (lambda self, x: self.V(x.new_zeros(4, 4)), "run its RNN once, got 0 runs"),
        (lambda self, x: self.rnn(self.rnn(x)[0][..., :3])[0], "run its RNN once, got 2 runs"),
    ]:
        model = type("Odd", (Tagger,), {"forward": forward})(ElmanCell(3, 4))
        with pytest.raises(ValueError) as error:
            unfold(model, 3)
        assert message in str(error.value)


def test_what_the_dashed_edges_leave_of_the_graph():
    """y^(t-1) is part of x^(t) here; without W nothing else runs from step to step."""
    for name, model in three_networks(3, 2, n_embed=4, n_hidden=5, seed=0).items():
        graph = unfold(model, 3)
        expected = elman_edges(3) | {(f"h({t})", f"o({t})"): "V" for t in (1, 2, 3)}
        if name == "output to hidden":
            expected = {edge: label for edge, label in expected.items() if label != "W"}
            assert names(graph, "state") == [] and names(graph, "h") == ["h(1)", "h(2)", "h(3)"]
        assert edges(graph) == expected


@pytest.mark.parametrize("steps", [1, 4, 60])
def test_the_longest_chain_of_tanhs(steps):
    x = torch.randn(2, steps, 3)
    for cell, chain in ((ElmanCell(3, 4), steps), (MemorylessCell(3, 4), 1)):
        assert longest_chain(unroll(cell, x)[0][:, -1]) == chain
    assert longest_chain(unroll(LSTMCell(3, 4), x)[0][:, -1]) == 2 * steps
    assert longest_chain(x) == 0
