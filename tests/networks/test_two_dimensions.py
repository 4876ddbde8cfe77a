"""Recurrence over a plane: against the equation by hand, the kernel against the double loop."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import CLOSE
from oracles import names_of_nodes
from torch.nn import functional as F

from benchmarks import grid as benchmark
from benchmarks import measure
from rnn_course import ElmanCell, fit, unroll
from rnn_course.experiments.two_dimensions import (
    CONVOLUTION,
    DIRECTIONS,
    LAYERS,
    network,
    random_images,
    tuned_f1,
)
from rnn_course.kernels.two_dimensions import GridBPTT
from rnn_course.measures.walk import longest_chain
from rnn_course.networks.sizes import n_parameters
from rnn_course.networks.two_dimensions import (
    CORNERS,
    MDRNN,
    GridCell,
    PixelConvolution,
    PixelTagger,
    pixel_loss,
    quadrants,
    run_from,
    unroll_grid,
)
from rnn_course.tasks.base import Split
from rnn_course.tasks.holes import best_threshold, digit_everywhere, f1, load_holes

SIZES = [(1, 1), (1, 5), (5, 1), (3, 5), (5, 3), (4, 4)]
corners = st.sampled_from([*CORNERS])


def made(n_in=2, n_hidden=3, seed=0):
    torch.manual_seed(seed)
    cell = GridCell(n_in, n_hidden).double()
    with torch.no_grad():
        cell.b.normal_()
    return cell


def image(rows, columns, B=2, n_in=2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(B, rows, columns, n_in, dtype=torch.float64, generator=generator)


def by_hand(cell, x, corner="top left"):
    """One image (rows, columns, n_in), a pixel at a time, from any corner, with no image turned."""
    rows, columns, _ = x.shape
    down, right = "top" in corner, "left" in corner
    h = {}
    for i in range(rows) if down else reversed(range(rows)):
        for j in range(columns) if right else reversed(range(columns)):
            a = cell.b + cell.U @ x[i, j]
            if (before := (i - 1 if down else i + 1, j)) in h:
                a = a + cell.W_1 @ h[before]
            if (before := (i, j - 1 if right else j + 1)) in h:
                a = a + cell.W_2 @ h[before]
            h[i, j] = torch.tanh(a)
    return torch.stack([h[i, j] for i in range(rows) for j in range(columns)]).view(
        rows, columns, -1
    )


def gradients(h, inputs, seed=2):
    g = torch.randn(h.shape, dtype=h.dtype, generator=torch.Generator().manual_seed(seed))
    return torch.autograd.grad((h * g).sum(), inputs, allow_unused=True, materialize_grads=True)


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)


# --- the equation -------------------------------------------------------------------------------


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_it_is_the_equation_values_and_gradients(rows, columns, corner):
    cell, x = made(), image(rows, columns).requires_grad_()
    h = run_from(corner, cell, x)
    hand = torch.stack([by_hand(cell, one, corner) for one in x])
    torch.testing.assert_close(h, hand, **CLOSE)
    used = [x, *cell.parameters()]
    assert_same(gradients(h, used), gradients(hand, used))


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_the_kernel_is_the_double_loop_values_and_gradients(rows, columns, corner):
    cell, x, axes = made(), image(rows, columns, B=3).requires_grad_(), CORNERS[corner]
    h = run_from(corner, cell, x)
    loop = unroll_grid(cell, x.flip(axes)).flip(axes)
    assert "GridBPTT" in names_of_nodes(h) and "GridBPTT" not in names_of_nodes(loop)
    torch.testing.assert_close(h, loop, **CLOSE)
    used = [x, *cell.parameters()]
    assert_same(gradients(h, used), gradients(loop, used))


def test_one_row_is_the_network_over_a_sequence():
    cell, x = made(), image(1, 6)
    elman = ElmanCell(2, 3).double()
    elman.load_state_dict({"U": cell.U, "W": cell.W_2, "b": cell.b})
    torch.testing.assert_close(
        run_from("top left", cell, x)[:, 0], unroll(elman, x[:, 0])[0], **CLOSE
    )
    elman.load_state_dict({"U": cell.U, "W": cell.W_1, "b": cell.b})
    column = x.transpose(1, 2)
    torch.testing.assert_close(
        run_from("top left", cell, column)[:, :, 0], unroll(elman, column[:, :, 0])[0], **CLOSE
    )


@pytest.mark.parametrize("axes", CORNERS.values())
def test_kernel_passes_gradcheck(axes):
    torch.manual_seed(0)
    inputs = [
        torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for shape in [(2, 3, 2, 2), (3, 2), (3, 3), (3, 3), (3,)]
    ]
    assert torch.autograd.gradcheck(lambda *given: GridBPTT.apply(*given, axes), inputs)


def test_kernel_takes_strided_input_and_expanded_gradients():
    cell = made()
    x = image(4, 3, n_in=3).transpose(1, 2)[..., :2]  # nowhere contiguous
    run_from("bottom left", cell, x).sum().backward()  # a gradient of stride 0
    mine = cell.W_1.grad.clone()
    cell.zero_grad()
    unroll_grid(cell, x.flip(1)).sum().backward()
    torch.testing.assert_close(mine, cell.W_1.grad, **CLOSE)


def test_changing_the_output_in_place_is_refused_or_harmless():
    cell, x = made(), image(3, 4)
    with pytest.raises(RuntimeError, match="modified inplace"):
        run_from("top left", cell, x).mul_(2)
    clean = gradients(run_from("top left", cell, x), [*cell.parameters()])
    doubled = gradients(MDRNN({"top left": cell})(x).mul_(2), [*cell.parameters()])
    assert_same([g / 2 for g in doubled], clean)


def test_kernel_has_no_second_derivative_and_says_so():
    cell, x = made(), image(3, 4).requires_grad_()
    with pytest.raises(NotImplementedError, match=r"GridBPTT has no second .* unroll_grid\(cell"):
        torch.autograd.grad(run_from("top left", cell, x).sum(), x, create_graph=True)
    (slope,) = torch.autograd.grad(unroll_grid(cell, x).sum(), x, create_graph=True)
    assert torch.autograd.grad(slope.sum(), cell.W_1)[0].abs().max() > 0


class Relu(GridCell):
    def step(self, a, above, left):
        return torch.relu(a + above @ self.W_1.T + left @ self.W_2.T)


def test_a_recurrence_written_anew_never_runs_the_kernel(monkeypatch):
    x = image(3, 4)
    relu = Relu(2, 3).double()
    relu.load_state_dict(made().state_dict())
    assert torch.equal(run_from("top left", relu, x), unroll_grid(relu, x))
    assert (unroll_grid(relu, x) - unroll_grid(made(), x)).abs().max() > 0.1
    turned = unroll_grid(relu, x.flip(1, 2)).flip(1, 2)
    assert torch.equal(run_from("bottom right", relu, x), turned)
    cell = made()
    cell.step = lambda a, above, left: a  # on the one cell
    assert torch.equal(run_from("top left", cell, x), cell.project(x))
    monkeypatch.setattr(GridCell, "step", Relu.step)  # on the class
    assert (run_from("top left", made(), x) >= 0).all()


def test_so_many_pixels_wait_for_one_another():
    for rows, columns in SIZES:
        h = unroll_grid(made(), image(rows, columns).requires_grad_())
        assert longest_chain(h) == rows + columns - 1


# --- properties ---------------------------------------------------------------------------------

shapes = {"rows": st.integers(1, 5), "columns": st.integers(1, 5), "seed": st.integers(0, 999)}


@settings(deadline=None, max_examples=40, derandomize=True)
@given(corner=corners, data=st.data(), **shapes)
def test_a_pixel_outside_the_quadrant_changes_nothing(corner, rows, columns, seed, data):
    cell, x = made(seed=seed), image(rows, columns, seed=seed)
    k = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    moved = x.clone()
    moved[:, k[0], k[1]] += 1
    changed = (run_from(corner, cell, moved) != run_from(corner, cell, x)).any(3).any(0)
    down = torch.arange(rows) >= k[0] if "top" in corner else torch.arange(rows) <= k[0]
    right = torch.arange(columns) >= k[1] if "left" in corner else torch.arange(columns) <= k[1]
    assert torch.equal(changed, down[:, None] & right)
    assert torch.equal(changed, quadrants([corner], rows, columns)[:, :, k[0], k[1]])


@pytest.mark.parametrize("corner", CORNERS)
def test_the_gradient_of_a_direction_is_one_quadrant_exactly(corner):
    cell, x = made(), image(4, 5, B=1).requires_grad_()
    h = run_from(corner, cell, x)
    for i in range(4):
        for j in range(5):
            (slope,) = torch.autograd.grad(h[0, i, j].sum(), x, retain_graph=True)
            rows = slice(0, i + 1) if "top" in corner else slice(i, None)
            columns = slice(0, j + 1) if "left" in corner else slice(j, None)
            expected = torch.zeros(4, 5, dtype=torch.bool)
            expected[rows, columns] = True
            assert torch.equal(slope[0].abs().amax(2) != 0, expected)


def test_the_four_quadrants_are_the_image_and_share_a_cross():
    each = torch.stack([quadrants([corner], 4, 5) for corner in CORNERS])
    assert torch.equal(each.any(0), quadrants(CORNERS, 4, 5)) and each.any(0).all()
    i, j, k, m = torch.meshgrid(*map(torch.arange, (4, 5, 4, 5)), indexing="ij")
    assert torch.equal(each.sum(0), (1 + (i == k).long()) * (1 + (j == m).long()))


@settings(deadline=None, max_examples=30, derandomize=True)
@given(corner=corners, **shapes)
def test_directions_are_one_another_on_the_turned_image(corner, rows, columns, seed):
    cell, x = made(seed=seed), image(rows, columns, seed=seed)
    axes = CORNERS[corner]
    torch.testing.assert_close(
        run_from(corner, cell, x), run_from("top left", cell, x.flip(axes)).flip(axes), **CLOSE
    )
    # rows and columns exchanged: so are W_1 and W_2, and two of the corners
    other = made(seed=seed)
    other.load_state_dict({**cell.state_dict(), "W_1": cell.W_2, "W_2": cell.W_1})
    exchanged = {"top right": "bottom left", "bottom left": "top right"}.get(corner, corner)
    torch.testing.assert_close(
        run_from(exchanged, other, x.transpose(1, 2)).transpose(1, 2),
        run_from(corner, cell, x),
        **CLOSE,
    )


@settings(deadline=None, max_examples=20, derandomize=True)
@given(**shapes)
def test_a_batch_is_its_images(rows, columns, seed):
    net, x = MDRNN.four(2, 3).double(), image(rows, columns, B=4, seed=seed)
    h, order = net(x), torch.randperm(4)
    assert h.shape == (4, rows, columns, 12)
    torch.testing.assert_close(net(x[order]), h[order], **CLOSE)
    torch.testing.assert_close(torch.cat([net(one) for one in x.split(1)]), h, **CLOSE)


def test_four_networks_stand_side_by_side_with_weights_of_their_own():
    torch.manual_seed(0)
    net, x = MDRNN.four(2, 3).double(), image(3, 4)
    assert net.n_hidden == 12 and [*net.cells] == [*CORNERS]
    expected = [run_from(corner, cell, x) for corner, cell in net.cells.items()]
    assert torch.equal(net(x), torch.cat(expected, dim=3))
    weights = [cell.W_1 for cell in net.cells.values()]
    assert all((a - b).abs().max() > 0.1 for a, b in zip(weights, weights[1:], strict=False))
    tagger = PixelTagger(net, 5).double()
    torch.testing.assert_close(tagger(x), net(x) @ tagger.V.weight.T + tagger.V.bias, **CLOSE)


def test_both_neighbours_together_are_handed_on_at_full_size():
    cell = made(n_hidden=8)
    rows = torch.cat([cell.W_1, cell.W_2], dim=1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(8).double(), atol=1e-6, rtol=0)


# --- learning -----------------------------------------------------------------------------------


def test_pixels_without_a_class_count_neither_in_the_loss_nor_in_the_gradient():
    torch.manual_seed(0)
    model = PixelTagger(MDRNN.four(2, 3), 3).double()
    x, y = image(3, 4), torch.randint(3, (2, 3, 4))
    y[0, 1, 2] = y[1, 0, 0] = -100
    loss = pixel_loss(model, Split(x, y))
    o = model(x)
    by_pixel = [
        F.cross_entropy(o[b, i, j], y[b, i, j])
        for b in range(2)
        for i in range(3)
        for j in range(4)
        if y[b, i, j] >= 0
    ]
    assert len(by_pixel) == 22
    torch.testing.assert_close(loss, torch.stack(by_pixel).mean(), **CLOSE)


def test_what_is_right_and_below_is_learnt_by_the_network_that_comes_from_there_alone():
    """y at a pixel: is there ink in any pixel to the right of it or below it, or at it?"""
    generator = torch.Generator().manual_seed(0)
    ink = torch.rand(512, 4, 4, generator=generator) < 0.2
    y = ink.long().flip(1, 2).cummax(1)[0].cummax(2)[0].flip(1, 2)
    split, scores = Split(2.0 * ink.unsqueeze(3) - 1, y), {}
    for corner in ("top left", "bottom right"):
        torch.manual_seed(0)
        model = PixelTagger(MDRNN({corner: GridCell(1, 8)}), 2)
        fit(model, pixel_loss, split, epochs=15, lr=0.03, batch_size=64, progress=False)
        scores[corner] = (model(split.x).argmax(3) == y).double().mean().item()
    assert scores["bottom right"] > 0.99 and scores["top left"] < 0.9


# --- the long run's networks, and the benchmark ---------------------------------------------------


def test_networks_with_fewer_directions_are_as_large_as_those_with_four():
    for task in (random_images(10, seed=0), digit_everywhere()):
        models = {name: network(task, name, seed=0) for name in DIRECTIONS}
        sizes = {name: n_parameters(model) for name, model in models.items()}
        assert max(sizes.values()) == sizes["four"] and min(sizes.values()) > 0.88 * sizes["four"]
        for name, corners in DIRECTIONS.items():
            assert tuple(models[name].mdrnn.cells) == corners
            assert len({cell.n_hidden for cell in models[name].mdrnn.cells.values()}) == 1
    again = network(task, "four", seed=0)
    assert all(map(torch.equal, models["four"].parameters(), again.parameters()))


def test_what_is_scored_is_what_the_threshold_of_the_validation_side_gives():
    task = load_holes()
    guess = {
        side: torch.rand(
            getattr(task, side).y.shape,
            dtype=torch.float64,
            generator=torch.Generator().manual_seed(0),
        )
        for side in ("valid", "test")
    }
    threshold = best_threshold(guess["valid"], task.valid.y)
    assert tuned_f1(guess, task) == {
        "f1": f1(guess["test"], task.test.y, threshold),
        "f1_valid": f1(guess["valid"], task.valid.y, threshold),
    }


def test_the_benchmark_times_equals_and_its_gates_can_be_missed():
    medians = measure.interleaved(benchmark.variants(2, 1, 3, side=4), seconds=0, at_least=2)
    assert set(medians) == {"ours", "loop", "naive", "limit"} and min(medians.values()) > 0
    row = benchmark.Row((32, 1, 24), threads=1, ours=10.0, loop=70.0, naive=100.0, limit=5.0)
    assert not row.short_of
    assert "5.00 times as fast as the double loop, under 6" in replace(row, naive=50.0).short_of[0]
    assert not replace(row, naive=50.0, threads=2).short_of
    wide = replace(row, shape=(32, 1, 64))
    assert not replace(wide, naive=50.0).short_of
    assert "3.33 times the limit" in replace(wide, limit=3.0).short_of[0]
    assert "| 32, 1, 24 | **10.00** | 100.0 | 10.0 |" in benchmark.markdown([row])


# --- bad input ----------------------------------------------------------------------------------

X = torch.zeros(2, 3, 4, 2)


@pytest.mark.parametrize(
    "run",
    [lambda x: unroll_grid(GridCell(2, 3), x), lambda x: MDRNN.four(2, 3)(x)],
    ids=["loop", "MDRNN"],
)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X[0], ValueError, r"x: expected shape \(B, rows, columns, n_in\), got \(3, 4, 2\)"),
        (X[..., :1], ValueError, "x: expected n_in = 2 features, got 1"),
        (X[:, :0], ValueError, r"x: expected rows of at least 1, got \(2, 0, 4, 2\)"),
        (X.double(), TypeError, "x: expected the weights' dtype torch.float32, got torch.float64"),
        (X.numpy(), TypeError, "x: expected a tensor of shape .* got ndarray"),
    ],
)
def test_bad_input_is_named(run, x, error, message):
    with pytest.raises(error, match=message):
        run(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: GridCell(0, 3), ValueError, "n_in: expected an integer of at least 1, got 0"),
        (
            lambda: GridCell(2, 3.0),
            ValueError,
            "n_hidden: expected an integer of at least 1, got 3.0",
        ),
        (lambda: MDRNN({}), ValueError, "cells: expected a cell for one or more of top left, "),
        (lambda: MDRNN([GridCell(1, 2)]), ValueError, "cells: expected a cell for one or more"),
        (lambda: MDRNN({"middle": GridCell(1, 2)}), ValueError, "cells: expected one of top left,"),
        (
            lambda: MDRNN({"top left": ElmanCell(1, 2)}),
            TypeError,
            r"cells\['top left'\]: expected a G",
        ),
        (
            lambda: MDRNN({"top left": GridCell(1, 2), "top right": GridCell(2, 2)}),
            ValueError,
            r"cells: expected one n_in for all, got \[1, 2\]",
        ),
        (
            lambda: PixelTagger(GridCell(1, 2), 2),
            TypeError,
            "mdrnn: expected a MDRNN, got GridCell",
        ),
        (lambda: PixelTagger(MDRNN.four(1, 2), 0), ValueError, "n_out: expected an integer"),
        (
            lambda: run_from("left", GridCell(2, 3), X),
            ValueError,
            "corner: expected one of top left",
        ),
        (
            lambda: unroll_grid(ElmanCell(2, 3), X),
            TypeError,
            "cell: expected a GridCell, got ElmanCel",
        ),
        (
            lambda: quadrants(["left"], 2, 2),
            ValueError,
            "corners: expected one of top left, .* 'left'",
        ),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_convolution_is_its_equation_and_sees_so_many_pixels_on_each_side():
    torch.manual_seed(0)
    model = PixelConvolution(2, 3, 4, layers=2).double()
    x = torch.randn(2, 5, 7, 2).double().requires_grad_()
    h = x
    for layer in model.filters:
        around = F.pad(h, (0, 0, 1, 1, 1, 1))  # a border of zeros
        h = torch.relu(
            layer.bias
            + sum(
                around[:, p : p + 5, q : q + 7] @ layer.weight[:, :, p, q].T
                for p in range(3)
                for q in range(3)
            )
        )
    torch.testing.assert_close(model(x), h @ model.V.weight.T + model.V.bias, **CLOSE)
    seen = torch.autograd.grad(model(x)[0, 2, 3].sum(), x)[0]
    assert not seen[1].any() and not seen[0, :, [0, 6]].any()
    assert seen[0].any()


def test_the_convolution_of_the_long_run_has_no_more_parameters():
    model = network(load_holes(), CONVOLUTION, 0)
    budget = n_parameters(network(load_holes(), "four", 0))
    wider = PixelConvolution(1, model.n_hidden + 1, 2, LAYERS)
    assert n_parameters(model) <= budget < n_parameters(wider)
    with pytest.raises(ValueError, match="x: expected"):
        model(torch.zeros(1, 8, 8, 3))
    with pytest.raises(ValueError, match="layers: expected"):
        PixelConvolution(1, 4, 2, layers=0)
