"""Torch's modes, hooks and a `forward` of one's own: a kernel serves, or the plain loop does."""

from __future__ import annotations

import pytest
import torch
from laws import close, flat
from oracles import names_of_nodes
from test_company import CELLS
from torch import nn
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jvp, vmap
from torch.nn import functional as F

from rnn_course.cells import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.measures.dependence import gradient_norms
from rnn_course.networks.attention import AttentiveEncoderDecoder
from rnn_course.networks.both_directions import Bidirectional
from rnn_course.networks.deep import BlockCell, Stack, Transition, mlp
from rnn_course.networks.sharing import Layers
from rnn_course.networks.summarise import Summariser
from rnn_course.networks.two_dimensions import MDRNN
from rnn_course.rnn import RNN, unroll

KERNELS = (
    "Elman",
    "GRU",
    "LSTM",
    "memoryless",
    "deep transition",
    "skip transition",
    "stack",
    "minGRU",
    "LRU",
    "S4D-Lin",
)
TAU = torch.tensor([6, 1, 4])


def made(name, dtype=torch.float64):
    torch.manual_seed(0)
    return CELLS[name]().to(dtype), torch.randn(3, 6, 3, dtype=dtype)


def same(rnn, x, tau):
    """What an RNN gives for one sequence x (T, n_in), as a function of its weights."""

    def loss(weights, x, tau):
        h, state = functional_call(rnn, weights, (x[None], None, tau[None]))
        return h.square().sum() + sum(part.sin().sum() for part in flat(state))

    return loss


# --- autocast -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [None, TAU])
@pytest.mark.parametrize("name", KERNELS)
def test_autocast_runs_the_plain_loop(name, lengths):
    """Value for value what `unroll` gives; and about what comes out in full precision."""
    cell, x = made(name, torch.float32)
    exact, _ = RNN(cell)(x, lengths=lengths)
    found = []
    for run in (RNN(cell), lambda *given: unroll(cell, *given)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            h, middle = run(x, None, lengths)
            again, state = run(x, middle, lengths)  # a state in autocast's precision
        grads = torch.autograd.grad(
            again.float().sum(), [*cell.parameters()], allow_unused=True, materialize_grads=True
        )
        found.append([h, again, *flat(state), *grads])
        torch.testing.assert_close(h.float(), exact, atol=0.05, rtol=0.05)
    for mine, plain in zip(*found, strict=True):
        assert torch.equal(mine, plain)


def test_under_autocast_it_does_as_torchs_gru():
    torch.manual_seed(0)
    cell, x = GRUCell(3, 4), torch.randn(3, 6, 3)
    twin = nn.GRU(3, 4, batch_first=True)
    with torch.no_grad():
        for mine, theirs in (
            (cell.U, twin.weight_ih_l0),
            (cell.W, twin.weight_hh_l0),
            (cell.b, twin.bias_ih_l0),
        ):
            theirs.copy_(mine)
        twin.bias_hh_l0.zero_()
    with torch.autocast("cpu"):
        mine, theirs = RNN(cell)(x)[0], twin(x)[0]
    torch.testing.assert_close(mine.float(), theirs.float(), atol=0.02, rtol=0.02)


def test_whole_networks_run_under_autocast():
    torch.manual_seed(0)
    x, y = torch.randint(6, (3, 6)), torch.randint(5, (3, 4))
    model = AttentiveEncoderDecoder(
        6,
        5,
        Bidirectional(GRUCell(3, 4), LSTMCell(3, 4)),
        Stack(GRUCell(5, 4), ElmanCell(4, 4)),
        2,
        4,
    )
    exact = model.log_p(x, y, TAU)
    with torch.autocast("cpu"):
        log_p = model.log_p(x, y, TAU)
        model.write(x, 5, TAU)
        grid = MDRNN.four(1, 3)
        image = torch.randn(2, 4, 5, 1)
        h = grid(image)
    torch.testing.assert_close(log_p.float(), exact, atol=0.1, rtol=0.02)
    torch.testing.assert_close(h.float(), grid(image), atol=0.05, rtol=0.05)
    log_p.sum().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_outside_autocast_another_precision_is_named():
    rnn, x = RNN(GRUCell(3, 4)), torch.randn(2, 5, 3)
    with torch.autocast("cpu"), pytest.raises(TypeError, match="x: expected the weights' dtype"):
        rnn(x.long())  # no autocast casts whole numbers
    with pytest.raises(TypeError, match="x: expected the weights' dtype torch.float32, got"):
        rnn(x.bfloat16())


# --- torch.func ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KERNELS)
def test_gradients_a_sample(name):
    """vmap over grad, lengths included, is one backward pass a sequence."""
    cell, x = made(name)
    rnn = RNN(cell)
    weights = {key: p.detach() for key, p in rnn.named_parameters()}
    at_once = vmap(grad(same(rnn, x, TAU)), (None, 0, 0))(weights, x, TAU)
    for i, n in enumerate(TAU):
        h, state = rnn(x[i : i + 1, :n])
        loss = h.square().sum() + (6 - n) * h[:, -1].square().sum()  # h repeats h^(τ)
        loss = loss + sum(part.sin().sum() for part in flat(state))
        one = torch.autograd.grad(loss, [*rnn.parameters()], materialize_grads=True)
        close([at_once[key][i] for key in weights], one)


@pytest.mark.parametrize("name", KERNELS)
def test_other_transforms(name):
    """vmap alone, jvp, forward mode, and a Hessian: all through `RNN` as through the plain loop."""
    cell, x = made(name)
    rnn, v = RNN(cell), torch.randn(3, 6, 3).double()
    h = unroll(cell, x)[0]
    close(vmap(lambda one: rnn(one[None])[0][0])(x), h)
    (_, tangent), (_, plain) = (
        jvp(lambda x, run=run: run(x)[0], (x,), (v,)) for run in (rnn, lambda x: unroll(cell, x))
    )
    nudge = 1e-6
    numeric = (rnn(x + nudge * v)[0] - rnn(x - nudge * v)[0]) / (2 * nudge)
    close(tangent, plain)
    torch.testing.assert_close(tangent, numeric, atol=1e-8, rtol=1e-6)
    with forward_ad.dual_level():
        dual = rnn(forward_ad.make_dual(x, v))[0]
        close(forward_ad.unpack_dual(dual).tangent, tangent)
    close(
        hessian(lambda x: rnn(x)[0].sum())(x[:1, :2]),
        torch.autograd.functional.hessian(lambda x: unroll(cell, x)[0].sum(), x[:1, :2]),
    )


def test_gradients_a_sample_through_planes_and_whole_networks():
    torch.manual_seed(0)
    grid, images = MDRNN.four(1, 3).double(), torch.randn(3, 4, 5, 1).double()
    model, x = Summariser(6, 3, GRUCell(3, 4), 2).double(), torch.randint(6, (3, 6))
    for net, given in ((grid, (images,)), (model, (x, TAU))):
        weights = {key: p.detach() for key, p in net.named_parameters()}
        found = vmap(
            grad(
                lambda w, *one, net=net: (
                    functional_call(net, w, tuple(part[None] for part in one)).square().sum()
                )
            ),
            (None, *[0] * len(given)),
        )(weights, *given)
        for i in range(3):
            loss = net(*(part[i : i + 1] for part in given)).square().sum()
            close(
                [found[key][i] for key in weights], torch.autograd.grad(loss, [*net.parameters()])
            )


def test_afterwards_the_kernel_is_back():
    cell, x = made("GRU")
    with torch.autocast("cpu"):
        assert "GRUBPTT" not in names_of_nodes(RNN(cell)(x)[0])
    vmap(lambda one: RNN(cell)(one[None])[0])(x)
    assert "GRUBPTT" in names_of_nodes(RNN(cell)(x)[0])


@pytest.mark.parametrize("name", ["Elman", "GRU", "deep transition"])
def test_a_second_derivative_and_a_batch_of_gradients_are_refused_by_name(name):
    cell, x = made(name)
    x.requires_grad_()
    wanted = r"no second derivative, and takes one gradient at a time: call unroll\(cell, ...\)"
    with pytest.raises(NotImplementedError, match=wanted):
        torch.autograd.grad(RNN(cell)(x)[0].sum(), x, create_graph=True)
    h = RNN(cell)(x)[0]
    many = torch.eye(h.numel()).double().view(-1, *h.shape)
    with pytest.raises(NotImplementedError, match=wanted):
        torch.autograd.grad(h, x, many, is_grads_batched=True, retain_graph=True)
    with pytest.raises(NotImplementedError, match=wanted):
        vmap(lambda g: torch.autograd.grad(h, x, g, retain_graph=True)[0])(many)
    close(
        torch.autograd.grad(unroll(cell, x)[0], x, many, is_grads_batched=True)[0][:5],
        torch.stack([torch.autograd.grad(h, x, g, retain_graph=True)[0] for g in many[:5]]),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_lstms_second_derivative_is_that_of_the_plain_loop(dtype):
    cell, x = made("LSTM", dtype)
    x.requires_grad_()
    found = []
    for run in (RNN(cell), lambda x: unroll(cell, x)):
        (g,) = torch.autograd.grad(run(x)[0].square().sum(), x, create_graph=True)
        found.append(torch.autograd.grad(g.square().sum(), [x, *cell.parameters()]))
    for mine, plain in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["GRU", "stack"])
def test_compiled_it_computes_the_same(name):
    cell, x = made(name, torch.float32)
    rnn = RNN(cell)
    torch._dynamo.reset()
    found = []
    for run in (rnn, torch.compile(rnn, backend="aot_eager", fullgraph=True)):
        h, state = run(x)
        loss = h.square().sum() + sum(part.sum() for part in flat(state))
        found.append([h, *flat(state), *torch.autograd.grad(loss, [*cell.parameters()])])
    for mine, plain in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain, atol=1e-5, rtol=1e-5)


def test_on_the_meta_device_shapes_come_out():
    h, state = RNN(GRUCell(3, 4)).to("meta")(torch.zeros(2, 5, 3, device="meta"))
    assert h.shape == (2, 5, 4) and state.shape == (2, 4)


# --- hooks, and a forward of one's own ----------------------------------------------------------


class Halved(GRUCell):
    """A cell whose `forward` does more than `project` and `step`."""

    def forward(self, x_t, state=None):
        h, state = super().forward(0.5 * x_t, state)
        return h, state


def by_calls(cell, x, state=None):
    """All steps, each a call of the cell."""
    out = []
    for x_t in x.unbind(1):
        h, state = cell(x_t, state)
        out.append(h)
    return torch.stack(out, dim=1), state


RUNS = {
    "RNN": lambda cell, x: RNN(cell)(x),
    "unroll": unroll,
    "in a stack": lambda cell, x: RNN(Stack(cell, CHANGE))(x)[0:1] + (None,),
    "stack, step by step": lambda cell, x: unroll(Stack(cell, CHANGE), x)[0:1] + (None,),
    "above, step by step": lambda cell, x: unroll(Stack(BELOW, cell), x)[0:1] + (None,),
}
CHANGE, BELOW = ElmanCell(4, 4).double(), ElmanCell(3, 3).double()


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("change", ["class", "instance", "hook", "pre-hook", "weight norm"])
def test_a_changed_forward_and_hooks_are_called(run, change):
    """As if each step were a call of the cell: for none of them a kernel is run."""
    torch.manual_seed(0)
    cell, x = GRUCell(3, 4).double(), torch.randn(2, 5, 3).double()
    plain = RUNS[run](cell, x)[0]
    if change == "class":
        cell = Halved(3, 4).double()
    elif change == "instance":
        cell.forward = lambda x_t, state=None: Cell.forward(cell, 0.5 * x_t, state)
    elif change == "hook":
        cell.register_forward_hook(lambda cell, given, out: (out[0].relu(), out[1]))
    elif change == "pre-hook":
        cell.register_forward_pre_hook(lambda cell, given: (0.5 * given[0], *given[1:]))
    else:
        with pytest.warns(FutureWarning):
            cell = torch.nn.utils.weight_norm(cell, "W")  # W is made anew before each call
        with torch.no_grad():
            cell.W_g.mul_(0.5)
    found = RUNS[run](cell, x)[0]
    if run in ("RNN", "unroll"):
        wanted = by_calls(cell, x)[0]
    elif run.startswith("above"):
        wanted = by_calls(cell, unroll(BELOW, x)[0])[0]
    else:
        wanted = unroll(CHANGE, by_calls(cell, x)[0])[0]
    close(found, wanted)
    assert (found - plain).abs().max() > 1e-3  # it does make a difference


def test_a_hook_sees_each_step_and_may_be_taken_off():
    cell, x, seen = GRUCell(3, 4), torch.randn(2, 5, 3), []
    hook = cell.register_forward_hook(lambda cell, given, out: seen.append(given[0]))
    h, _ = RNN(cell)(x, lengths=[5, 3])
    assert len(seen) == 5 and torch.equal(torch.stack(seen, 1)[0], x[0])
    hook.remove()
    again, _ = RNN(cell)(x, lengths=[5, 3])
    assert len(seen) == 5 and "GRUBPTT" in names_of_nodes(again)
    torch.testing.assert_close(again, h)
    cell.register_full_backward_hook(lambda cell, into, out: seen.append(out[0]))
    RNN(cell)(x.requires_grad_())[0].sum().backward()
    assert len(seen) == 10


def test_hooks_in_layers_and_jacobians_are_called():
    torch.manual_seed(0)
    cells, x = [GRUCell(3, 4).double() for _ in range(5)], torch.randn(2, 5, 3).double()
    before = gradient_norms(cells[0], x), Layers(cells)(x)[0]
    for cell in cells:
        cell.register_forward_pre_hook(lambda cell, given: (3 * given[0], *given[1:]))
    found = gradient_norms(cells[0], x), Layers(cells)(x)[0]
    other = [GRUCell(3, 4).double() for _ in range(5)]
    for mine, plain in zip(other, cells, strict=True):
        mine.load_state_dict(plain.state_dict())
    close(found, (gradient_norms(other[0], 3 * x), Layers(other)(3 * x)[0]))
    assert all((mine - plain).abs().max() > 1e-3 for mine, plain in zip(found, before, strict=True))


def test_a_weight_under_a_parametrisation_keeps_its_kernel():
    cell, x = made("GRU")
    torch.nn.utils.parametrize.register_parametrization(cell, "W", _Halved())
    h, _ = RNN(cell)(x)
    assert "GRUBPTT" in names_of_nodes(h)
    close(h, unroll(cell, x)[0])


class _Halved(nn.Module):
    def forward(self, W):
        return 0.5 * W


def test_blocks_with_hooks_are_called_too():
    cell, x = BlockCell(3, mlp(3, 4), Transition(4, 2)), torch.randn(2, 5, 3)
    before, seen = RNN(cell)(x)[0], []
    cell.transition.register_forward_hook(lambda module, given, out: seen.append(out))
    after = RNN(cell)(x)[0]
    assert len(seen) == 5
    torch.testing.assert_close(before, after)
    assert F.mse_loss(after, torch.stack(seen, 1)) == 0
