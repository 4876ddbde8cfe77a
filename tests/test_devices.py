"""Which device is taken, how a model is lent to it, and that a run can change over to another."""

from functools import partial

import pytest
import torch
from elsewhere import stopping
from stand_in_gpu import GPU, stand_in_gpu
from torch import nn, optim
from torch.nn.functional import mse_loss

from rnn_course import devices
from rnn_course.devices import device_for, find_device, lent, random_state, seeded
from rnn_course.tasks.base import Split
from rnn_course.training.fit import evaluate, fit

CPU = torch.device("cpu")


def network(dropout=0.0):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 8), nn.Tanh(), nn.Dropout(dropout), nn.BatchNorm1d(8), nn.Linear(8, 1)
    )


def points(n=20):
    numbers = torch.Generator().manual_seed(1)
    x = torch.randn(n, 3, generator=numbers)
    return Split(x, x.sum(1, keepdim=True))


def squared(model, batch):
    return mse_loss(model(batch.x), batch.y)


def quiet(model, loss=squared, train=None, **more):
    return fit(model, loss, train or points(), epochs=2, batch_size=8, progress=False, **more)


def places(model):
    return {tensor.device for tensor in (*model.parameters(), *model.buffers())}


def weights(model):
    assert places(model) == {CPU}
    return [tensor.tolist() for tensor in model.state_dict().values()]


# which device


def test_the_default_is_the_accelerator_if_there_is_one_else_the_cpu(monkeypatch):
    with stand_in_gpu():
        assert find_device() == GPU and find_device("cpu") == CPU and find_device(GPU) == GPU
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert find_device() == CPU
    with pytest.raises(ValueError, match=r"that is here \(cpu\), got 'cuda'"):
        find_device("cuda")


@pytest.mark.parametrize("device", ["gpu", "xpu", 3.5, f"{GPU.type}:1", ""])
def test_a_device_that_is_not_here_is_refused_by_name(device):
    with stand_in_gpu(), pytest.raises(ValueError, match="device: expected") as error:
        find_device(device)
    assert repr(str(device)) in str(error.value)


def test_a_model_that_is_on_an_accelerator_stays_there_unless_another_is_asked_for():
    with stand_in_gpu():
        model = network().to(GPU)
        assert device_for(model) == GPU and device_for(model, "cpu") == CPU
        quiet(model)
        assert places(model) == {GPU}


def test_a_dtype_that_a_device_lacks_is_named_or_the_cpu_is_taken():
    split = Split(*(part.double() for part in (points().x, points().y)))
    with stand_in_gpu(float64=False):
        model = network().double()
        assert device_for(model) == CPU and device_for(network()) == GPU
        quiet(model, train=split)
        with pytest.raises(ValueError, match="has no float64, which 0.weight is in; make it float"):
            quiet(model, train=split, device=GPU)
    with stand_in_gpu():
        assert device_for(model) == GPU


def test_a_model_on_two_devices_is_refused():
    with stand_in_gpu():
        model = network()
        model[0].to(GPU)
        with pytest.raises(ValueError, match=f"all .* on one device, got cpu and {GPU}"):
            quiet(model)


def test_a_device_in_words(monkeypatch):
    assert devices.device_name(CPU) == "the CPU"
    with stand_in_gpu():
        assert devices.device_name(GPU) == GPU.type
        torch.get_device_module(GPU).get_device_name = lambda device: "Stand-in 1"
        assert devices.device_name(GPU) == f"{GPU} (Stand-in 1)"


# lent, and given back


def test_after_a_training_the_model_is_called_with_tensors_of_the_cpu_as_before():
    """And has learnt the same: the stand-in computes what the CPU does."""
    there, here, seen = network(), network(), set()

    def loss(model, batch):
        seen.update({batch.x.device} | places(model))
        return squared(model, batch)

    with stand_in_gpu():
        parameters = list(there.parameters())
        history = quiet(
            there,
            loss,
            valid=points(5),
            patience=1,
            metric=lambda model, batch: (model(batch.x) - batch.y).abs().flatten(),
        )
        assert seen == {GPU}
        assert all(a is b for a, b in zip(parameters, there.parameters(), strict=True))
        assert there.eval()(points().x).device == CPU
    assert history == quiet(
        here,
        valid=points(5),
        patience=1,
        device="cpu",
        metric=lambda model, batch: (model(batch.x) - batch.y).abs().flatten(),
    )
    assert weights(there) == weights(here)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, FloatingPointError])
def test_a_training_that_is_stopped_gives_the_model_back_too(fault):
    def loss(model, batch):
        assert batch.x.device == GPU
        raise fault

    model = network()
    with stand_in_gpu():
        with pytest.raises(fault):
            quiet(model, loss)
        with pytest.raises(fault):
            evaluate(model, points(), loss)
    assert places(model) == {CPU}


def test_an_evaluation_takes_place_there_and_gives_the_model_back():
    model, seen = network().eval(), []

    def error(model, batch):
        seen.append(batch.x.device)
        return (model(batch.x) - batch.y).abs().flatten()

    with stand_in_gpu(float64=False):
        there = evaluate(model, points(), error)
        assert places(model) == {CPU}
        assert there == evaluate(model, points(), error, device="cpu")
    assert seen == [GPU, CPU]


def test_tied_weights_stay_tied():
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Linear(3, 1))
    model[2].weight = model[0].weight
    with stand_in_gpu():
        quiet(model)
        with lent(model, GPU):
            assert model[2].weight is model[0].weight and places(model) == {GPU}
    assert model[2].weight is model[0].weight and places(model) == {CPU}


def test_the_random_states_of_both_devices_are_as_they_were():
    model = network(dropout=0.5)
    with stand_in_gpu():
        before = [random_state(each).tolist() for each in (CPU, GPU)]
        with pytest.raises(InterruptedError), seeded(5, GPU):
            during = [random_state(each).tolist() for each in (CPU, GPU)]
            torch.rand(2)
            raise InterruptedError
        assert [random_state(each).tolist() for each in (CPU, GPU)] == before
        assert during[0] != before[0] and during[1] != before[1]
        with seeded(5, GPU):
            assert [random_state(each).tolist() for each in (CPU, GPU)] == during
        quiet(model)
        assert [random_state(each).tolist() for each in (CPU, GPU)] == before


# a run that is stopped, and goes on elsewhere

OPTIMISERS = {
    "AdamW": optim.AdamW,
    "fused": partial(optim.AdamW, fused=True),
    "NAdam": optim.NAdam,
    "ASGD": optim.ASGD,
    "SGD": partial(optim.SGD, momentum=0.9),
}


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize(
    "first, then", [("cpu", GPU.type), (GPU.type, "cpu"), (GPU.type, GPU.type)]
)
def test_a_run_goes_on_on_another_device_and_learns_the_same(first, then, optimiser, tmp_path):
    """The stand-in rounds as the CPU does, so that nothing but what was forgotten can differ."""

    def trained(device, stop=None, **more):
        model, seen = network(), 0

        def loss(model, batch):
            nonlocal seen
            seen += model.training
            if seen == stop:
                raise InterruptedError
            assert batch.x.device.type == device
            return squared(model, batch)

        history = quiet(
            model, loss, valid=points(5), patience=2, optimiser=optimiser, device=device, **more
        )
        return weights(model), history

    alone = trained("cpu")
    file = {"checkpoint": tmp_path / "run.safetensors", "save_every": 1}
    with stand_in_gpu():
        with pytest.raises(InterruptedError):
            trained(first, stop=5, **file)
        assert trained(then, **file) == alone
        assert trained(first, **file) == alone  # it was over


def test_a_run_that_goes_on_on_its_own_device_has_the_same_dropout(tmp_path):
    def trained(stop=None, **more):
        model = network(dropout=0.5)
        quiet(model, stopping(squared, stop), **more)
        return weights(model)

    file = {"checkpoint": tmp_path / "run.safetensors", "save_every": 1}
    with stand_in_gpu():
        alone = trained()
        with pytest.raises(InterruptedError):
            trained(stop=4, **file)
        assert trained(**file) == alone


# the stand-in itself


def test_the_stand_in_refuses_what_a_gpu_refuses():
    with stand_in_gpu() as gpu:
        x = torch.ones(3, device=gpu)
        for forbidden in (
            lambda: x + torch.ones(3),
            lambda: torch.cat([x, torch.ones(3)]),
            lambda: torch.ones(2, 3) @ x,
            x.numpy,
            lambda: torch.multinomial(x, 1, generator=torch.Generator()),
        ):
            with pytest.raises((RuntimeError, TypeError), match="cpu|numpy"):
                forbidden()
        assert (x + torch.tensor(1.0)).tolist() == [2, 2, 2] and x[torch.tensor([0])].item() == 1
        assert x.cpu().numpy().sum() == 3 and torch.zeros_like(x).device == gpu
    with stand_in_gpu(float64=False), pytest.raises(TypeError, match="support float64"):
        torch.ones(3).to(GPU).double()


def test_the_stand_in_leaves_torch_as_it_was():
    def names():
        return (
            torch.tensor,
            torch.Generator,
            torch.Tensor.numpy,
            torch.Tensor.tolist,
            torch.utils.swap_tensors,
            torch.accelerator.is_available,
            hasattr(torch, GPU.type),
        )

    before = names()
    with stand_in_gpu():
        assert torch.accelerator.is_available()
    assert names() == before
