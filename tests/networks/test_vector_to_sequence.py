"""Vector to sequence: against torch.nn and by hand, in three conditionings; and two famous bugs."""

from __future__ import annotations

import numpy as np
import oracles
import pytest
import torch
from torch import nn

from rnn_course import DenseCell, ElmanCell, JordanCell, LSTMCell
from rnn_course.networks.likelihood import log_likelihood, mean_nll
from rnn_course.networks.vector_to_sequence import CONDITIONINGS, VectorToSequence

N_X, N_SYMBOLS, H, FIRST = 3, 7, 5, 2
CELLS = ["elman", "lstm", "gru after"]
each_conditioning = pytest.mark.parametrize("conditioning", CONDITIONINGS)
each_cell = pytest.mark.parametrize("name", CELLS)


def make(conditioning: str, name: str = "elman") -> VectorToSequence:
    """A small network in float64, every parameter away from zero."""
    model = VectorToSequence(N_X, N_SYMBOLS, oracles.make(name, H, H), conditioning, FIRST).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * 0.5)
    return model


def data(batch: int = 4, steps: int = 6, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, N_X, generator=generator, dtype=torch.float64)
    return x, torch.randint(N_SYMBOLS, (batch, steps), generator=generator)


def by_hand(model: VectorToSequence, x: np.ndarray, y: list[int]) -> np.ndarray:
    """o of one sequence, of an ElmanCell, by the equations of figure 10.9."""
    p = {name: value.detach().numpy() for name, value in model.named_parameters()}
    U, W, b = p["rnn.cell.U"], p["rnn.cell.W"], p["rnn.cell.b"]
    R, V, c = p["R.weight"], p["V.weight"], p["V.bias"]
    h = np.zeros(H) if model.conditioning == "each" else np.tanh(R @ x)
    out = []
    for before in [FIRST, *y[:-1]]:
        a = b + W @ h + U @ p["embed.weight"][before]
        if model.conditioning != "h0":
            a = a + U @ R @ x
        h = np.tanh(a)
        out.append(c + V @ h)
    return np.stack(out)


@each_conditioning
def test_equals_the_equations_by_hand(conditioning):
    model, (x, y) = make(conditioning), data()
    expected = np.stack(
        [by_hand(model, x_i.numpy(), y_i.tolist()) for x_i, y_i in zip(x, y, strict=True)]
    )
    np.testing.assert_allclose(model(x, y).detach(), expected, atol=1e-12)


class Twin(nn.Module):
    """The same network out of torch.nn's parts, its weights copied."""

    def __init__(self, model: VectorToSequence) -> None:
        super().__init__()
        self.conditioning, self.rnn = model.conditioning, oracles.torch_twin(model.rnn.cell)
        self.embed = nn.Embedding.from_pretrained(model.embed.weight.detach().clone(), freeze=False)
        self.R, self.V = (
            nn.Linear(*size, bias=bias).double()
            for size, bias in (((N_X, H), False), ((H, N_SYMBOLS), True))
        )
        self.R.load_state_dict(model.R.state_dict())
        self.V.load_state_dict(model.V.state_dict())

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        before = torch.cat([torch.full((len(y), 1), FIRST), y[:, :-1]], dim=1)
        inputs, given = self.embed(before), self.R(x)
        if self.conditioning in ("each", "both"):
            inputs = inputs + given[:, None]
        state = torch.zeros(1, len(x), H).double()
        if self.conditioning in ("h0", "both"):
            state = torch.tanh(given)[None]
        if isinstance(self.rnn, nn.LSTM):
            state = (state, torch.zeros_like(state))
        h, _ = self.rnn(inputs, state)
        return self.V(h)


@each_cell
@each_conditioning
def test_equals_torch_in_values_and_gradients_with_ragged_lengths(conditioning, name):
    model, (x, y) = make(conditioning, name), data()
    twin, lengths = Twin(model), torch.tensor([6, 1, 4, 3])
    x_twin = x.clone().requires_grad_()
    x.requires_grad_()
    o, o_twin = model(x, y), twin(x_twin, y)
    torch.testing.assert_close(o, o_twin, atol=1e-12, rtol=0)
    mean_nll(o, y, lengths).backward()
    alone = [
        nn.functional.cross_entropy(o_i[:n], y_i[:n], reduction="sum")
        for o_i, y_i, n in zip(o_twin, y, lengths.tolist(), strict=True)
    ]
    (torch.stack(alone).sum() / lengths.sum()).backward()
    close = {"atol": 1e-12, "rtol": 1e-10}
    torch.testing.assert_close(x.grad, x_twin.grad, **close)
    for one, other in (
        (model.R.weight, twin.R.weight),
        (model.embed.weight, twin.embed.weight),
        (model.V.weight, twin.V.weight),
        (model.V.bias, twin.V.bias),
        (model.rnn.cell.U, twin.rnn.weight_ih_l0),
        (model.rnn.cell.W, twin.rnn.weight_hh_l0),
    ):
        assert one.grad.abs().max() > 1e-4
        torch.testing.assert_close(one.grad, other.grad, **close)


@each_cell
@each_conditioning
def test_gradcheck(conditioning, name):
    model, (x, y) = make(conditioning, name), data(batch=2, steps=3)
    names = [name for name, _ in model.named_parameters()]
    lengths = torch.tensor([3, 2])

    def loss(x, *values):
        parameters = dict(zip(names, values, strict=True))
        return mean_nll(torch.func.functional_call(model, parameters, (x, y)), y, lengths)

    values = [p.detach().requires_grad_() for p in model.parameters()]
    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), *values))


def test_an_elman_cell_runs_through_its_kernel():
    model, (x, y) = make("both"), data()
    assert "ElmanBPTT" in model.hidden(x, y).grad_fn.name()


@each_cell
def test_the_three_have_the_same_parameters_and_use_them_all(name):
    x, y = data()
    shapes = []
    for conditioning in CONDITIONINGS:
        model = make(conditioning, name)
        mean_nll(model(x, y), y).backward()
        assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())
        shapes.append({name: p.shape for name, p in model.named_parameters()})
    assert shapes[0] == shapes[1] == shapes[2]


@each_cell
@each_conditioning
def test_where_x_enters(conditioning, name):
    """With W = 0 nothing is handed on, so that h^(t) knows x only if x enters at t."""
    model, (x, y) = make(conditioning, name), data(batch=1)
    x.requires_grad_()

    def knows_x():
        h = model.hidden(x, y)
        return [
            bool(torch.autograd.grad(h[:, t].sum(), x, retain_graph=True)[0].any())
            for t in range(y.shape[1])
        ]

    start = model.start(x)
    h0 = start if isinstance(start, torch.Tensor) else start.h
    assert (h0 != 0).any() == (conditioning != "each")
    assert all(knows_x())
    with torch.no_grad():
        model.rnn.cell.W.zero_()
    # A GRU hands h on by its gate z, whatever W is.
    alone = [name == "gru after"] * y.shape[1]
    assert knows_x() == (alone if conditioning == "h0" else [True] * y.shape[1])


@each_cell
@each_conditioning
def test_famous_bug_targets_not_shifted(conditioning, name):
    """o^(t) must not know y^(t), nor what follows; and must know y^(t-1)."""
    model, (x, y) = make(conditioning, name), data()
    o = model(x, y)
    for t in range(y.shape[1]):
        other = y.clone()
        other[:, t] = (y[:, t] + 1) % N_SYMBOLS
        changed = (model(x, other) - o).abs().amax((0, 2)) > 0
        assert changed.tolist() == [later > t for later in range(y.shape[1])]


@each_conditioning
def test_famous_bug_loss_averaged_over_padding(conditioning):
    """What stands in the padding, and how much of it, changes neither loss nor gradient."""
    x, y = data()
    lengths = torch.tensor([6, 1, 4, 3])

    def loss_and_gradients(y):
        model = make(conditioning)
        loss = mean_nll(model(x, y), y, lengths)
        loss.backward()
        return torch.cat([loss.detach()[None], *(p.grad.flatten() for p in model.parameters())])

    inside = torch.arange(6) < lengths[:, None]
    one = loss_and_gradients(torch.where(inside, y, 0))
    more = nn.functional.pad(torch.where(inside, y, 5), (0, 9), value=3)
    torch.testing.assert_close(loss_and_gradients(more), one, atol=1e-14, rtol=1e-12)

    model = make(conditioning)
    alone = [model(x[i : i + 1], y[i : i + 1, :n]) for i, n in enumerate(lengths.tolist())]
    total = sum(log_likelihood(o, y[i : i + 1, : o.shape[1]]) for i, o in enumerate(alone))
    assert one[0].item() == pytest.approx(-total.item() / lengths.sum().item(), abs=1e-12)


@each_cell
@each_conditioning
def test_neither_the_order_of_the_batch_matters_nor_its_company(conditioning, name):
    model, (x, y) = make(conditioning, name), data()
    o, order = model(x, y), torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(model(x[order], y[order]), o[order], atol=1e-13, rtol=0)
    torch.testing.assert_close(model(x[:1], y[:1]), o[:1], atol=1e-13, rtol=0)


@each_cell
@each_conditioning
def test_what_it_writes_is_what_the_teacher_forced_network_finds_probable(conditioning, name):
    """Writing step by step and reading what was written are one function."""
    model, (x, _) = make(conditioning, name), data(batch=30)
    written = model.write(x, 8, end=4, generator=torch.Generator().manual_seed(0))
    assert len(set(written.lengths.tolist())) > 3
    log_p = log_likelihood(model(x, written.y), written.y, written.lengths)
    torch.testing.assert_close(written.log_p, log_p.detach(), atol=1e-12, rtol=0)
    greedy = model.write(x, 8, end=4)
    o = model(x, greedy.y)
    for y, best, n in zip(greedy.y, o.argmax(2), greedy.lengths.tolist(), strict=True):
        assert y[:n].tolist() == best[:n].tolist()


def test_sampling_follows_the_probabilities():
    model, (x, _) = make("both"), data(batch=1)
    many = model.write(x.expand(20_000, -1), 1, generator=torch.Generator().manual_seed(0)).y
    shares = torch.bincount(many.flatten(), minlength=N_SYMBOLS) / len(many)
    expected = model(x, torch.zeros(1, 1, dtype=torch.int64)).softmax(2).flatten()
    torch.testing.assert_close(shares.double(), expected.detach(), atol=0.02, rtol=0)


@pytest.mark.parametrize(
    "conditioning, name",
    [("each", "elman"), ("h0", "elman"), ("both", "elman"), ("h0", "lstm"), ("h0", "gru after")],
)
def test_learns_to_spell_three_words(conditioning, name):
    """Four letters each, the same beginning: who forgets x on the way cannot end them rightly."""
    y = torch.tensor([[1, 2, 2, 3, 0], [1, 2, 2, 4, 0], [1, 2, 2, 5, 0]])
    x, lengths = torch.eye(3), torch.tensor([5, 5, 5])
    torch.manual_seed(0)
    cell = {"elman": ElmanCell, "lstm": LSTMCell}.get(name, lambda n, H: oracles.CELLS[name](n, H))
    model = VectorToSequence(3, 6, cell(16, 16), conditioning, first=0)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-2)
    for _ in range(150):
        optimiser.zero_grad()
        mean_nll(model(x, y), y, lengths).backward()
        optimiser.step()
    assert torch.equal(model.write(x, 5).y, y)
    assert mean_nll(model(x, y), y).item() < 0.05


class Bare(DenseCell):
    """A cell whose state is neither h nor has one."""

    def initial_state(self, batch):
        return (super().initial_state(batch),)


def new(n_x=N_X, n_symbols=N_SYMBOLS, cell=None, conditioning="both", first=FIRST):
    return VectorToSequence(n_x, n_symbols, cell or ElmanCell(H, H), conditioning, first)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: new(conditioning="h(0)"),
            ValueError,
            r"conditioning: expected one of each, h0, both, got 'h\(0\)'",
        ),
        (lambda: new(n_x=0), ValueError, "n_x: expected an integer of at least 1, got 0"),
        (
            lambda: new(n_symbols=0),
            ValueError,
            "n_symbols: expected an integer of at least 1, got 0",
        ),
        (lambda: new(first=7), ValueError, "first: expected a symbol 0 … 6, got 7"),
        (lambda: new(first=True), ValueError, "first: expected a symbol 0 … 6, got True"),
        (lambda: new(cell=nn.Linear(2, 2)), TypeError, "cell: expected a Cell, got Linear"),
        (
            lambda: new(cell=ElmanCell(4, 5)),
            ValueError,
            "cell: expected n_in = n_hidden.*4 and .* 5",
        ),
        (
            lambda: new(cell=Bare(5, 5)),
            ValueError,
            "cell: expected one whose state has h, got a Bare",
        ),
        (lambda: new(cell=JordanCell(5, 5, 3)), ValueError, "cell: .* has h, got a JordanCell"),
        (
            lambda: new()(torch.zeros(2, 4), torch.zeros(2, 3).long()),
            ValueError,
            "x: expected n_x = 3 features, got 4",
        ),
        (
            lambda: new()(torch.zeros(2, 3).double(), torch.zeros(2, 3).long()),
            TypeError,
            "x: expected the weights' dtype torch.float32, got torch.float64",
        ),
        (
            lambda: new()(torch.zeros(2, 3), torch.zeros(4, 3).long()),
            ValueError,
            "y: expected a sequence for each of 2 vectors in x, got 4",
        ),
        (
            lambda: new()(torch.zeros(2, 3), torch.full((2, 3), 7)),
            ValueError,
            "y: expected symbols 0 … 6, got 2 … 7",
        ),
        (
            lambda: new()(torch.zeros(2, 3), torch.zeros(2, 3)),
            TypeError,
            "y: expected an int64 tensor",
        ),
        (
            lambda: new().write(torch.zeros(2, 4), 3),
            ValueError,
            "x: expected n_x = 3 features, got 4",
        ),
        (lambda: new().write(torch.zeros(2, 3), 0), ValueError, "steps: expected an integer of at"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_writing_leaves_no_gradient_behind():
    model, (x, _) = make("both"), data()
    assert not model.write(x.requires_grad_(), 3).log_p.requires_grad
