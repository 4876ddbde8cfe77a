"""The training loop: each step against one written out by hand, and the famous bugs."""

import math
from functools import partial
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from rnn_course.cells import ElmanCell
from rnn_course.rnn import RNN
from rnn_course.tasks.base import Batch, Split
from rnn_course.training.fit import History, evaluate, fit
from rnn_course.training.fit_checks import Diverged

quiet = partial(fit, progress=False, device="cpu")


@pytest.fixture(autouse=True)
def one_thread():
    """Work this small only waits for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def squared(model, batch):
    return mse_loss(model(batch.x), batch.y)


def points(n=20, seed=1, dtype=torch.float32):
    """A regression with noise: x (n, 3), y (n, 1)."""
    numbers = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=numbers, dtype=dtype)
    return Split(x, x.sum(1, keepdim=True) + torch.randn(n, 1, generator=numbers, dtype=dtype))


def network(seed=0, dropout=0.0, dtype=torch.float32):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1)).to(dtype)


def flat(tensors):
    return torch.cat([t.detach().reshape(-1) for t in tensors])


class Watched:
    """A loss that keeps what it was called with: batches, weights, and the model's mode."""

    def __init__(self, loss=squared):
        self.loss, self.batches, self.weights, self.modes = loss, [], [], []

    def __call__(self, model, batch):
        self.batches.append(batch)
        self.weights.append(flat(model.parameters()).clone())
        self.modes.append(model.training)
        return self.loss(model, batch)


# --- one step, and the loop of steps ---------------------------------------------------------


@pytest.mark.parametrize("clip", [None, 0.5, 1e6])
@pytest.mark.parametrize("warm_up", [0, 1, 4, 20])
@pytest.mark.parametrize("decay", [True, False])
def test_each_step_is_the_step_written_by_hand(clip, decay, warm_up):
    """Gradient descent: W ← W − rate · g · min(1, clip / |g|), with |g| over all weights."""
    loss, model = Watched(), network(dtype=torch.float64)
    history = quiet(
        model,
        loss,
        points(dtype=torch.float64),
        epochs=3,
        batch_size=8,
        lr=0.1,
        weight_decay=0.0,
        optimiser=torch.optim.SGD,
        clip=clip,
        decay=decay,
        warm_up=warm_up,
    )
    assert history.steps_per_epoch == 3 and len(history.loss) == len(loss.batches) == 9

    twin = network(dtype=torch.float64)
    for step, batch in enumerate(loss.batches):
        weights = list(twin.parameters())
        torch.testing.assert_close(loss.weights[step], flat(weights), rtol=1e-5, atol=1e-7)
        value = squared(twin, batch)
        gradient = torch.autograd.grad(value, weights)
        norm = math.sqrt(sum((g**2).sum().item() for g in gradient))
        scale = min(1.0, clip / norm) if clip else 1.0
        rate = 0.1 * (9 - step) / 9 if decay else 0.1
        if step + 1 < warm_up:
            rate *= (step + 1) / warm_up
        with torch.no_grad():
            for weight, g in zip(weights, gradient, strict=True):
                weight -= rate * scale * g
        assert history.loss[step] == pytest.approx(value.item(), rel=1e-5)
        assert history.grad_norm[step] == pytest.approx(norm, rel=1e-5)
        assert history.lr[step] == pytest.approx(rate, rel=1e-12)
    torch.testing.assert_close(
        flat(model.parameters()), flat(twin.parameters()), rtol=1e-5, atol=1e-7
    )
    if clip == 0.5:
        assert min(history.grad_norm) > 0.5, "all steps were clipped, the record is from before"


def test_clipping_shortens_the_whole_gradient_and_keeps_its_direction():
    """Not each weight's gradient, not the weights, not after the step."""
    train, model = points(), network()
    before, loss = flat(model.parameters()).clone(), squared(model, Batch(train.x, train.y, None))
    gradient = flat(torch.autograd.grad(loss, list(model.parameters())))
    history = quiet(
        model,
        squared,
        train,
        epochs=1,
        lr=1.0,
        weight_decay=0.0,
        clip=0.01,
        optimiser=torch.optim.SGD,
    )
    update = before - flat(model.parameters())
    assert history.grad_norm == [pytest.approx(gradient.norm().item(), rel=1e-5)]
    assert gradient.norm() > 1
    assert update.norm().item() == pytest.approx(0.01, rel=1e-3)
    torch.testing.assert_close(
        update / update.norm(), gradient / gradient.norm(), rtol=0, atol=1e-4
    )


def test_the_optimiser_is_the_one_asked_for():
    model, twin, train = network(), network(), points(8)
    quiet(
        model,
        squared,
        train,
        epochs=4,
        lr=0.1,
        weight_decay=0.3,
        clip=None,
        decay=False,
        optimiser=partial(torch.optim.Adam, betas=(0.5, 0.6)),
    )
    adam = torch.optim.Adam(twin.parameters(), lr=0.1, weight_decay=0.3, betas=(0.5, 0.6))
    for _ in range(4):
        adam.zero_grad()
        squared(twin, Batch(train.x, train.y, None)).backward()
        adam.step()
    torch.testing.assert_close(flat(model.parameters()), flat(twin.parameters()))


def test_frozen_weights_stay():
    model = network()
    model[0].requires_grad_(False)
    frozen, free = flat(model[0].parameters()).clone(), flat(model[3].parameters()).clone()
    quiet(model, squared, points(), epochs=1)
    assert torch.equal(flat(model[0].parameters()), frozen)
    assert not torch.equal(flat(model[3].parameters()), free)


# --- order and chance ------------------------------------------------------------------------


def orders(seed):
    """The examples' numbers in the order in which two epochs show them."""
    train, loss = Split(torch.arange(20.0).reshape(20, 1), torch.zeros(20, 1)), Watched()
    quiet(nn.Linear(1, 1), loss, train, epochs=2, batch_size=6, seed=seed)
    shown = [int(i) for batch in loss.batches for i in batch.x.flatten()]
    return shown[:20], shown[20:]


def test_every_epoch_shows_every_example_once_in_an_order_of_its_own():
    first, second = orders(seed=0)
    assert sorted(first) == sorted(second) == list(range(20))
    assert len({tuple(order) for order in (range(20), first, second, *orders(seed=1))}) == 5


def test_the_order_depends_on_the_seed_alone():
    torch.manual_seed(1)
    first = orders(seed=3)
    torch.manual_seed(2)
    assert orders(seed=3) == first


def test_the_seed_determines_dropout_and_the_callers_random_state_is_kept():
    def trained(seed):
        model = network(dropout=0.5)
        torch.manual_seed(77)
        history = quiet(model, squared, points(), epochs=2, seed=seed)
        assert torch.rand(1) == torch.rand(1, generator=torch.Generator().manual_seed(77))
        torch.rand(seed + 1)  # the next run starts from another state of the caller's
        return flat(model.parameters()), history

    (weights, history), (again, same), (other, _) = trained(1), trained(1), trained(2)
    assert torch.equal(weights, again) and history == same
    assert not torch.equal(weights, other)


# --- validation ------------------------------------------------------------------------------


def test_validation_is_of_the_validation_set_in_eval_mode_without_gradients():
    train, valid, model, seen = points(), points(7, seed=2), network(dropout=0.5), []

    def loss(model, batch):
        seen.append((model.training, torch.is_grad_enabled(), len(batch.x)))
        return squared(model, batch)

    def metric(model, batch):
        assert not model.training and not torch.is_grad_enabled()
        return (model(batch.x) - batch.y).abs().flatten()

    history = quiet(model, loss, train, valid, epochs=1, batch_size=5, metric=metric)
    assert seen == [(True, True, 5)] * 4 + [(False, False, 5), (False, False, 2)]
    error = (model.eval()(valid.x) - valid.y).detach()
    assert history.valid_loss == [pytest.approx((error**2).mean().item(), rel=1e-5)]
    assert history.valid_metric == [pytest.approx(error.abs().mean().item(), rel=1e-5)]


def test_each_modules_own_mode_comes_back():
    model = network(dropout=0.5)
    model[2].eval()
    modes = []

    def loss(model, batch):
        modes.append([module.training for module in model.modules()])
        return squared(model, batch)

    quiet(model, loss, points(), points(), epochs=2)
    assert modes == [[True] * 5, [False] * 5] * 2
    assert [module.training for module in model.modules()] == [True, True, True, False, True]


def test_patience_ends_the_run_and_restores_the_best_weights():
    train = points()
    valid = Split(train.x, -train.y)  # what helps the one hurts the other
    settings = dict(lr=0.01, decay=False)
    model = network()
    history = quiet(model, squared, train, valid, epochs=30, patience=3, **settings)
    assert history.best_epoch == 0 and history.epochs == 4 and history.stopped_early
    assert history.valid_loss == sorted(history.valid_loss) and len(history.loss) == 4

    best = network()
    quiet(best, squared, train, epochs=1, **settings)
    assert torch.equal(flat(model.parameters()), flat(best.parameters()))

    last = network()
    history = quiet(last, squared, train, valid, epochs=4, **settings)
    assert history.best_epoch == 0 and not history.stopped_early
    assert not torch.equal(flat(last.parameters()), flat(best.parameters()))


def test_patience_waits_for_epochs_in_a_row():
    losses = iter([5.0, 4.0, 4.5, 3.0, 3.5, 3.0, 2.0])

    def loss(model, batch):
        return squared(model, batch) if model.training else torch.tensor(next(losses))

    history = quiet(network(), loss, points(), points(), epochs=30, patience=2)
    assert history.valid_loss == [5.0, 4.0, 4.5, 3.0, 3.5, 3.0] and history.best_epoch == 3


def test_a_run_ends_when_it_is_done(tmp_path):
    losses = iter([5.0, 4.0, 2.0, 3.0])

    def loss(model, batch):
        return squared(model, batch) if model.training else torch.tensor(next(losses))

    settings = dict(epochs=30, until=2.0, checkpoint=tmp_path / "run")
    history = quiet(network(), loss, points(), points(), **settings)
    assert history.valid_loss == [5.0, 4.0, 2.0] and history.stopped_early
    again = quiet(network(), loss, points(), points(), **settings)
    assert again == history and next(losses) == 3.0  # no epoch more


def test_a_history_without_validation():
    history = quiet(network(), squared, points(), epochs=2)
    assert (history.valid_loss, history.valid_metric, history.best_epoch) == ([], [], None)
    assert history.epochs == 2 and not history.stopped_early and history.seconds > 0
    assert History(1, seconds=1.0) == History(1, seconds=2.0) != History(2)


def test_evaluate_is_the_mean_over_all_examples_in_eval_mode():
    model, split = network(dropout=0.5).train(), points(7)

    def error(model, batch):
        return (model(batch.x) - batch.y).abs().flatten()

    mean = evaluate(model, split, error, batch_size=4)
    assert model.training
    expected = (model.eval()(split.x) - split.y).abs().mean().item()
    assert mean == pytest.approx(expected, rel=1e-6)


# --- progress --------------------------------------------------------------------------------


def test_progress_is_on_stderr_and_can_be_off(capfd):
    fit(network(), squared, points(), points(), epochs=2, device="cpu")
    out, err = capfd.readouterr()
    assert out == "" and "2/2" in err and "loss=" in err
    fit(network(), squared, points(), epochs=2, device="cpu", progress=False)
    assert capfd.readouterr() == ("", "")


# --- bad input, and runs that go wrong -------------------------------------------------------

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "name, values, message",
    [
        ("epochs", [0, -1, 2.0, True, None], "epochs: expected an integer of at least 1, got"),
        ("batch_size", [0, 1.5, "8"], "batch_size: expected an integer of at least 1, got"),
        ("patience", [0, 1.5, True], "patience: expected an integer of at least 1, got"),
        ("save_every", [0, 2.5], "save_every: expected an integer of at least 1, got"),
        ("lr", [0, -1e-3, NAN, INF, "0.1", None, True], "lr: expected a finite number > 0, got"),
        ("clip", [0.0, -1, NAN, INF, "1"], "clip: expected a finite number > 0, got"),
        ("until", [0.0, -1, NAN, INF, "1", True], "until: expected a finite number > 0, got"),
        ("weight_decay", [-0.1, NAN, None], "weight_decay: expected a finite number ≥ 0, got"),
        ("warm_up", [-1, 1.5, True, None], "warm_up: expected a whole number of at least 0, got"),
        ("seed", [-1, 2**32, 0.5, None, True], "seed: expected an integer 0 ≤ seed < 2"),
        ("decay", [1, None], "decay: expected True or False, got"),
        ("loss", [None, "mse"], "loss: expected a function of"),
        ("metric", ["accuracy"], "metric: expected a function of"),
        ("train", [None, [1, 2]], "train: expected a split"),
        ("valid", [[1, 2]], "valid: expected a split"),
        ("model", [None, "lstm"], "model: expected a torch.nn.Module, got"),
        ("checkpoint", ["", 3], "checkpoint: expected a path or None, got"),
        (
            "optimiser",
            [torch.optim.LBFGS, "adam", lambda *a, **k: None],
            "optimiser: expected a class",
        ),
    ],
)
def test_bad_arguments_are_named(name, values, message):
    for value in values:
        model = network()
        before = flat(model.parameters()).clone()
        good = dict(
            model=model,
            loss=squared,
            train=points(),
            valid=points(),
            epochs=1,
            checkpoint="never written",
        )
        with pytest.raises((ValueError, TypeError)) as error:
            quiet(**good | {name: value})
        assert str(error.value).startswith(message), value
        assert torch.equal(flat(model.parameters()), before)


@pytest.mark.parametrize("given", [{"patience": 3}, {"metric": squared}, {"until": 0.1}])
def test_what_needs_a_validation_set_says_so(given):
    with pytest.raises(
        ValueError, match=f"^valid: expected one together with {list(given)[0]}, got None"
    ):
        quiet(network(), squared, points(), epochs=1, **given)


def test_a_model_without_weights_to_train_is_refused():
    for model in (nn.Tanh(), network().requires_grad_(False)):
        with pytest.raises(ValueError, match="model: expected at least one trainable parameter"):
            quiet(model, squared, points(), epochs=1)


class Bare(NamedTuple):
    """Any split will do: this one looks at nothing."""

    parts: list

    def __len__(self):
        return sum(len(batch.x) for batch in self.parts)

    def batches(self, batch_size, generator=None):
        return iter(self.parts)


def broken(part, value):
    """Three batches of two examples; one number of the second is not a number."""
    parts = [Batch(torch.ones(2, 3), torch.ones(2, 1), None) for _ in range(3)]
    getattr(parts[1], part)[1, 0] = value
    return Bare(parts)


@pytest.mark.parametrize("part", ["x", "y"])
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_data_that_are_not_finite_are_found(part, value):
    message = rf"expected finite numbers, got {value} in {part} of batch 1 at index \(1, 0\)"
    with pytest.raises(ValueError, match=f"train: {message}"):
        quiet(network(), squared, broken(part, value), epochs=1, batch_size=2)
    with pytest.raises(ValueError, match=f"valid: {message}"):
        quiet(network(), squared, points(), broken(part, value), epochs=1, batch_size=2)
    with pytest.raises(ValueError, match=f"split: {message}"):
        evaluate(network(), broken(part, value), lambda model, batch: batch.y[:, 0], batch_size=2)


def test_empty_data_is_refused():
    for name, given in (("train", (Bare([]),)), ("valid", (points(), Bare([])))):
        with pytest.raises(ValueError, match=f"{name}: expected at least one example, got none"):
            quiet(network(), squared, *given, epochs=1)
    with pytest.raises(ValueError, match="split: expected at least one example, got none"):
        evaluate(network(), Bare([]), squared)


def test_a_split_that_leaves_examples_out_is_found():
    class Dropping(Bare):
        def batches(self, batch_size, generator=None):
            return iter(self.parts[:-1])

    train = Dropping([Batch(torch.ones(2, 3), torch.ones(2, 1), None)] * 3)
    with pytest.raises(ValueError, match="train: expected 3 batches of 2 for 6 examples, got 2"):
        quiet(network(), squared, train, epochs=1, batch_size=2)


@pytest.mark.parametrize(
    "loss, message",
    [
        (lambda model, batch: (model(batch.x) - batch.y) ** 2, r"got float32 \(20, 1\)"),
        (lambda model, batch: squared(model, batch).item(), "got float"),
        (lambda model, batch: squared(model, batch).long(), r"got int64 \(\)"),
        (lambda model, batch: squared(model, batch).detach(), "got no gradient"),
        (lambda model, batch: batch.x.clone().requires_grad_().sum(), "got no gradient"),
    ],
)
def test_an_unusable_loss_is_refused(loss, message):
    with pytest.raises(ValueError, match=f"loss: expected .*{message}"):
        quiet(network(), loss, points(), epochs=1)


@pytest.mark.parametrize("bad", [NAN, INF])
@pytest.mark.parametrize("at", [0, 2])
def test_a_loss_that_is_not_finite_ends_the_run(bad, at):
    watched = Watched(
        lambda model, batch: squared(model, batch) * (bad if len(watched.batches) > at else 1)
    )
    model = network()
    with pytest.raises(Diverged) as error:
        quiet(model, watched, points(), epochs=2, batch_size=10)
    assert isinstance(error.value, FloatingPointError)
    assert len(error.value.history.loss) == len(error.value.history.grad_norm) == at
    message = str(error.value)
    assert f"loss: expected a finite value, got {bad} at step {at} (epoch {at // 2})" in message
    assert ("last gradient norm was none yet" in message) == (at == 0)
    assert "Try a lower lr" in message
    assert torch.equal(flat(model.parameters()), watched.weights[at]), "no step was taken on it"


@pytest.mark.parametrize(
    "batch, got",
    [
        ((torch.zeros(2, 3), torch.zeros(2, 1)), "tuple"),
        ([torch.zeros(2, 3)], "list"),
        (torch.zeros(2, 3), "Tensor"),
        ({"x": torch.zeros(2, 3)}, "dict"),
    ],
)
def test_a_batch_that_is_not_a_named_tuple_is_named(batch, got):
    class Plain:
        def __len__(self):
            return 2

        def batches(self, batch_size, generator=None):
            return iter([batch])

    for name, call in (
        ("train", lambda: quiet(network(), squared, Plain(), epochs=1)),
        ("valid", lambda: quiet(network(), squared, points(), Plain(), epochs=1)),
        ("split", lambda: evaluate(network(), Plain(), squared)),
    ):
        expected = rf"^{name}: expected batches that are named tuples .* got {got} for batch 0"
        with pytest.raises(TypeError, match=expected):
            call()


def test_evaluate_names_what_it_cannot_use():
    for wrong, message in (
        (dict(model="lstm"), "model: expected a torch.nn.Module, got str"),
        (dict(metric="accuracy"), "metric: expected a function of"),
        (dict(split=[1, 2]), "split: expected a split"),
    ):
        with pytest.raises(TypeError, match=message):
            evaluate(**dict(model=network(), split=points(), metric=squared) | wrong)


def test_a_gradient_that_is_not_finite_ends_the_run():
    model = network()
    before = flat(model.parameters()).clone()
    with pytest.raises(FloatingPointError, match="gradient: expected a finite norm, got nan at"):
        quiet(model, lambda model, batch: (0 * model(batch.x)).sqrt().sum(), points(), epochs=1)
    assert torch.equal(flat(model.parameters()), before), "no step was taken on it"


def test_a_validation_that_is_not_finite_ends_the_run():
    def loss(model, batch):
        return squared(model, batch) * (1 if model.training else NAN)

    with pytest.raises(FloatingPointError, match="loss: expected a finite mean over valid"):
        quiet(network(), loss, points(), points(), epochs=1)


@pytest.mark.parametrize(
    "metric, got",
    [
        (squared, r"float32 \(\)"),
        (lambda model, batch: model(batch.x), r"float32 \(20, 1\)"),
        (lambda model, batch: [1] * 20, "list"),
    ],
)
def test_a_metric_gives_one_score_per_example(metric, got):
    with pytest.raises(ValueError, match=rf"metric: expected .* shape \(20,\), got {got}"):
        evaluate(network(), points(), metric)


def test_the_callers_state_comes_back_after_an_error():
    model = network()
    torch.manual_seed(5)
    with pytest.raises(ZeroDivisionError):
        quiet(
            model.eval(),
            lambda model, batch: torch.rand(1) / 0 if 1 // 0 else 0,
            points(),
            epochs=1,
        )
    assert not model.training
    assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.Generator().manual_seed(5)))


# --- it learns -------------------------------------------------------------------------------


class LastTwo(nn.Module):
    """The parity of a sequence's last two bits, from h at its own end."""

    def __init__(self):
        super().__init__()
        self.rnn, self.V = RNN(ElmanCell(1, 16)), nn.Linear(16, 2)

    def forward(self, batch):
        h, _ = self.rnn(batch.x, lengths=batch.lengths)
        return self.V(h[:, -1])  # past a sequence's end, h stands still


def bits(n, seed):
    """Sequences of 2 to 6 bits, padded with ones: x (n, 6, 1), y the parity of the last two."""
    numbers = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 2, (n, 6), generator=numbers)
    lengths = torch.randint(2, 7, (n,), generator=numbers)
    ends = x.gather(1, torch.stack([lengths - 1, lengths - 2], dim=1))
    padding = torch.arange(6) >= lengths[:, None]
    return Split(x.masked_fill(padding, 1).float()[..., None], ends.sum(1) % 2, lengths)


def correct(model, batch):
    return (model(batch).argmax(1) == batch.y).float()


def test_it_learns_the_parity_of_the_last_two_bits():
    torch.manual_seed(0)
    model, test = LastTwo(), bits(500, seed=3)
    assert evaluate(model, test, correct) < 0.7
    history = quiet(
        model,
        lambda model, batch: cross_entropy(model(batch), batch.y),
        bits(500, seed=1),
        bits(200, seed=2),
        epochs=10,
        batch_size=25,
        lr=0.03,
        metric=correct,
    )
    assert history.valid_metric[-1] > 0.99 and evaluate(model, test, correct) > 0.99
    assert history.valid_loss[-1] < 0.1 < history.valid_loss[0]
