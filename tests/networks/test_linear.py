"""The scan and the cells that run by it, against the loop, other libraries and other formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from laws import CLOSE
from oracles import names_of_nodes
from torch._higher_order_ops.associative_scan import generic_associative_scan

from rnn_course import RNN, unroll
from rnn_course.cells import Cell, MemorylessCell
from rnn_course.kernels.scan import BUSY, Convolution, Scan, chunks, scan
from rnn_course.networks.linear import LRU, LinearCell, MinGRU, S4DLin, SignedMinGRU, layers

CELLS = {"minGRU": MinGRU, "signed minGRU": SignedMinGRU, "LRU": LRU, "S4D-Lin": S4DLin}
TYPES = {"real": torch.float64, "complex": torch.complex128}


def made(name, n_in=3, n_hidden=4):
    torch.manual_seed(0)
    cell = CELLS[name](n_in, n_hidden).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return cell


def loop(a, b, h):
    """The definition, which autograd differentiates."""
    out = []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1), strict=True):
        h = a_t * h + b_t
        out.append(h)
    return torch.stack(out, dim=1)


def drawn(B, T, H, dtype, seed=0):
    """a with entries of size about 1, and of either sign; b; h0."""
    torch.manual_seed(seed)
    a, b = torch.randn(2, B, T, H, dtype=dtype)
    a = a / a.abs().clamp(min=0.5)
    return [each.requires_grad_() for each in (a, b, torch.randn(B, H, dtype=dtype))]


def with_grads(run, inputs):
    """The result of a function, and the gradients of its inputs, for one fixed gradient."""
    out = run(*inputs)
    torch.manual_seed(1)
    return [out, *torch.autograd.grad(out, inputs, torch.randn_like(out))]


# --- the scan -----------------------------------------------------------------------------------


@given(
    B=st.integers(1, 3),
    T=st.integers(1, 40),
    H=st.integers(1, 3),
    K=st.integers(1, 40),
    name=st.sampled_from(sorted(TYPES)),
)
def test_any_number_of_chunks_gives_the_states_and_gradients_of_the_loop(B, T, H, K, name):
    inputs = drawn(B, T, H, TYPES[name])
    found = with_grads(lambda *given: scan(*given, K=min(K, T)), inputs)
    for mine, theirs in zip(found, with_grads(loop, inputs), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-12, rtol=1e-10)


@pytest.mark.parametrize("name", TYPES)
def test_equals_torchs_associative_scan_in_its_generic_mode(name):
    """h0 enters as the first step's b."""
    a, b, h0 = inputs = drawn(2, 33, 3, TYPES[name])

    def theirs(a, b, h0):
        b = torch.cat([b[:, :1] + (a[:, 0] * h0).unsqueeze(1), b[:, 1:]], dim=1)

        def compose(a_1, b_1, a_2, b_2):
            return a_2 * a_1, a_2 * b_1 + b_2

        return generic_associative_scan(compose, [a, b], dim=1)[1]

    for mine, other in zip(with_grads(scan, inputs), with_grads(theirs, inputs), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-12, rtol=1e-10)


def test_with_constant_coefficients_it_is_scipys_filter_and_a_convolution():
    from scipy.signal import lfilter

    torch.manual_seed(0)
    a = torch.tensor([0.9, -0.5])
    x = torch.randn(50, 2).double()
    h = scan(a.double().expand(1, 50, 2), x[None], torch.zeros(1, 2).double())[0]
    for unit in range(2):
        np.testing.assert_allclose(
            h[:, unit], lfilter([1], [1, -a[unit].item()], x[:, unit]), atol=1e-12
        )
    powers = a.double() ** torch.arange(50).unsqueeze(1)
    by_fft = torch.fft.irfft(
        torch.fft.rfft(x, 100, dim=0) * torch.fft.rfft(powers, 100, dim=0), 100, dim=0
    )
    torch.testing.assert_close(by_fft[:50], h, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("K", [1, 3, 7])
def test_gradcheck(name, K):
    assert torch.autograd.gradcheck(
        lambda *given: Scan.apply(*given, K), drawn(2, 7, 2, TYPES[name])
    )


def test_the_way_back_of_a_convolution_is_right_and_no_second_one_is_given_out():
    u, k = (torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in ((2, 3, 7), (3, 7)))
    assert torch.autograd.gradcheck(Convolution.apply, (u, k))
    direct = sum(k[:, j, None] * torch.nn.functional.pad(u, (j, 0))[..., :7] for j in range(7))
    torch.testing.assert_close(Convolution.apply(u, k), direct, atol=1e-12, rtol=0)
    with pytest.raises(NotImplementedError, match="Convolution has no second derivative"):
        torch.autograd.grad(Convolution.apply(u, k).sum(), u, create_graph=True)


def test_a_scan_has_few_operations_and_a_busy_processor_goes_step_by_step():
    T = 10_000
    K = chunks(1, T, 16)
    assert K + 2 * T / K < 0.05 * T
    assert (
        chunks(1, T, BUSY + 1) == 1 and chunks(1, 1, 1) == chunks(1, 2, 1) == chunks(1, 3, 1) == 1
    )


def test_it_stays_exact_where_products_of_coefficients_leave_the_range_of_floats():
    """After 3,000 steps of .5, the product is 0 in single precision; the states are not."""
    a, b = torch.full((1, 3000, 1), 0.5), torch.ones(1, 3000, 1)
    h = scan(a, b, torch.full((1, 1), 1e6))
    torch.testing.assert_close(h, loop(a, b, torch.full((1, 1), 1e6)), atol=1e-5, rtol=1e-5)
    assert h[0, -1].item() == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a, b, h: scan(a, b[:, 1:], h), ValueError, r"expected shapes \(B, T, H\)"),
        (
            lambda a, b, h: scan(a, b, h[:1]),
            ValueError,
            r"got \(2, 5, 3\), \(2, 5, 3\) and \(1, 3\)",
        ),
        (lambda a, b, h: scan(a, b.float(), h), TypeError, "a, b, h0: expected one dtype"),
        (lambda a, b, h: scan(a, b, h, K=6), ValueError, "K: expected at most T = 5 chunks, got 6"),
        (lambda a, b, h: scan(a, b, h, K=0), ValueError, "K: expected an integer of at least 1"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(*drawn(2, 5, 3, torch.float64))


# --- the cells ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("lengths", [None, [23, 1, 17, 5]])
@pytest.mark.parametrize("given_state", [False, True])
def test_the_kernel_is_the_plain_loop(name, lengths, given_state):
    cell = made(name)
    x = torch.randn(4, 23, 3).double().requires_grad_()
    state = cell.initial_state(4)
    if given_state:
        state = torch.randn_like(state).requires_grad_()
    wanted = [x, *cell.parameters(), *([state] if given_state else [])]
    found = []
    for run in (RNN(cell), lambda *given: unroll(cell, *given)):
        h, last = run(x, state, lengths)
        loss = h.sin().sum() + (last.abs() ** 2).sum()
        found.append([h, last, *torch.autograd.grad(loss, wanted)])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("name", CELLS)
def test_the_kernel_is_used_and_only_while_the_cell_is_as_written(name):
    x = torch.randn(2, 30, 3).double()
    nodes = names_of_nodes(RNN(made(name))(x)[0])
    assert ("ConvolutionBackward" if name == "S4D-Lin" else "ScanBackward") in nodes

    class Other(CELLS[name]):
        def step(self, a_t, state):
            h, state = super().step(a_t, state)
            return h, state * 0.5

    other = Other(3, 4).double()
    torch.testing.assert_close(RNN(other)(x)[0], unroll(other, x)[0], **CLOSE)
    assert "ScanBackward" not in names_of_nodes(RNN(other)(x)[0])


def by_hand(cell, x):
    """h (T, n_hidden) of one sequence x (T, n_in), in NumPy, from the equations."""
    p = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    H, h, out = cell.n_hidden, 0.0, []
    for x_t in x.numpy():
        if isinstance(cell, MinGRU):
            z, new = np.split(p["U"] @ x_t + p["b"], 2)
            z = np.tanh(z) if isinstance(cell, SignedMinGRU) else 1 / (1 + np.exp(-z))
            h = z * h + (1 - z) * new
            out.append(h)
        elif isinstance(cell, LRU):
            B = p["B"][..., 0] + 1j * p["B"][..., 1]
            h = np.exp(-np.exp(p["nu"]) + 1j * np.exp(p["theta"])) * h
            h = h + np.exp(p["log_gamma"]) * (B @ x_t)
            out.append(np.concatenate([h.real, h.imag]))
        else:
            A = -np.exp(p["A"][..., 0]) + 1j * p["A"][..., 1]
            C = p["C"][..., 0] + 1j * p["C"][..., 1]
            step = np.exp(p["log_delta"])[:, None]
            # the differential equation ds/dt = A s + u, solved exactly over one step
            u = (p["U"] @ x_t)[:, None]
            h = np.exp(step * A) * h + (np.exp(step * A) - 1) / A * u
            out.append(2 * (C * h).sum(1).real)
    assert np.shape(out) == (len(x), H)
    return np.stack(out)


@pytest.mark.parametrize("name", CELLS)
def test_equals_its_equations_by_hand(name):
    cell, x = made(name), torch.randn(2, 9, 3).double()
    h, _ = unroll(cell, x, lengths=[9, 4])
    np.testing.assert_allclose(h[0].detach(), by_hand(cell, x[0]), atol=1e-12)
    np.testing.assert_allclose(h[1, :4].detach(), by_hand(cell, x[1, :4]), atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_the_recurrence_is_linear_in_the_state(name):
    cell, x = made(name), torch.randn(1, 12, 3).double()
    one, two = torch.randn(2, 1, cell.n_state, dtype=cell.initial_state(1).dtype)
    ends = [unroll(cell, x, state)[1] for state in (one, two, (one + two) / 2)]
    torch.testing.assert_close(ends[2], (ends[0] + ends[1]) / 2, **CLOSE)


def test_the_solution_of_the_differential_equation_of_s4d():
    """Half the step, taken twice with the same input, is the step."""
    cell = made("S4D-Lin")
    x = torch.randn(1, 6, 3).double()
    h, _ = unroll(cell, x)
    with torch.no_grad():
        cell.log_delta -= math.log(2)
    twice, _ = unroll(cell, x.repeat_interleave(2, dim=1))
    torch.testing.assert_close(twice[:, 1::2], h, **CLOSE)


# --- how they start, and what they can hold -----------------------------------------------------


def test_gates_start_for_memories_of_every_length_up_to_the_longest():
    torch.manual_seed(0)
    for kind in (MinGRU, SignedMinGRU):
        cell = kind(3, 2000, longest=200)
        z = cell.gate(cell.b[:2000].detach())
        lasts = 1 / (1 - z)  # z = u / (1 + u): 1 + u
        assert 2 <= lasts.min() < 4 and 190 < lasts.max() <= 200.1
        assert lasts.mean().item() == pytest.approx(101, rel=0.05)


def test_the_eigenvalues_of_an_lru_start_in_the_ring_and_its_states_with_equal_sizes():
    torch.manual_seed(0)
    cell = LRU(3, 4000, r_min=0.5, r_max=0.99)
    size = cell.eigenvalues.abs()
    assert 0.5 <= size.min() and size.max() <= 0.99 + 1e-6
    # uniform over the ring's area
    share = (size < 0.8).float().mean().item()
    assert share == pytest.approx((0.8**2 - 0.5**2) / (0.99**2 - 0.5**2), abs=0.03)
    with torch.no_grad():
        cell.nu += 5  # whatever training does to ν
        assert cell.eigenvalues.abs().max() < 1
    cell = LRU(1, 2000, r_min=0.5, r_max=0.98)
    _, state = RNN(cell)(torch.randn(100, 400, 1))
    sizes = state.square().mean(0).view(2, -1).sum(0)  # of real and imaginary parts
    slow, fast = sizes[cell.eigenvalues.abs() > 0.9], sizes[cell.eigenvalues.abs() < 0.6]
    assert slow.mean().item() == pytest.approx(fast.mean().item(), rel=0.1)


def test_s4d_starts_with_the_modes_that_are_called_lin_and_with_steps_for_all_memories():
    torch.manual_seed(0)
    cell = S4DLin(3, 1000, n=4, longest=200)
    log_eigenvalues, _, _ = cell.modes
    A = log_eigenvalues / cell.log_delta.exp().unsqueeze(1)
    expected = torch.complex(torch.full((4,), -0.5), torch.pi * torch.arange(4.0))
    torch.testing.assert_close(A, expected.expand(1000, 4), atol=1e-4, rtol=1e-4)
    lasts = -1 / log_eigenvalues.real[:, 0]  # steps until 1/e is left
    assert 2 <= lasts.min() < 2.1 and 190 < lasts.max() <= 200.1


def test_a_signed_gate_keeps_parity_exactly_and_no_gate_of_0_to_1_can():
    """a = 1 - 2x, whatever the length: h = ½ ± ½ is reflected at ½. Statement M5."""
    cell = SignedMinGRU(1, 1)
    with torch.no_grad():
        cell.U[:] = torch.tensor([[-40.0], [0.0]])
        cell.b[:] = torch.tensor([20.0, 0.5])  # z = ±1 exactly in floats, h̃ = ½
    bits = torch.randint(2, (4, 10_000, 1)).float()
    h, _ = RNN(cell)(bits)
    assert torch.equal(h[..., 0], bits[..., 0].cumsum(1) % 2)


def test_layers_put_a_tanh_layer_on_each_recurrence():
    stack = layers(LRU, 3, 6, depth=2)
    kinds = [type(cell) for cell in stack.cells]
    assert kinds == [LRU, MemorylessCell] * 2
    assert (stack.n_in, stack.n_hidden) == (3, 6)
    x = torch.randn(2, 8, 3)
    expected = x
    for cell in stack.cells:
        expected = unroll(cell, expected)[0]
    torch.testing.assert_close(RNN(stack)(x)[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MinGRU(3, 0), "n_hidden: expected an integer of at least 1, got 0"),
        (lambda: MinGRU(3, 4, longest=1), "longest: expected at least 2 steps, got 1"),
        (lambda: LRU(3, 5), "n_hidden: expected an even number, got 5"),
        (lambda: LRU(3, 4, r_max=1.0), "expected 0 ≤ r_min < r_max < 1, got 0.0 and 1.0"),
        (lambda: LRU(3, 4, r_min=0.9, r_max=0.5), "expected 0 ≤ r_min < r_max < 1"),
        (lambda: S4DLin(3, 4, n=0), "n: expected an integer of at least 1, got 0"),
        (lambda: S4DLin(3, 4, longest=1), "longest: expected at least 2 steps, got 1"),
        (lambda: layers(MinGRU, 3, 4, 0), "depth: expected an integer of at least 1, got 0"),
        (lambda: RNN(LRU(3, 4))(torch.randn(1, 2, 3), torch.zeros(1, 2)), "state: expected n = 4"),
    ],
)
def test_bad_sizes_and_states(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_every_linear_cell_of_the_package_is_tested_here():
    import rnn_course.networks.linear as module

    known = {v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Cell)}
    assert {v for v in known if issubclass(v, LinearCell)} - {LinearCell} == set(CELLS.values())
