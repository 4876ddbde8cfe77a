"""Numbers of NumPy's are numbers, everywhere; True and False are none."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from rnn_course import RNN, ElmanCell, GRUCell, LSTMCell, checks
from rnn_course.cells import JordanCell, MemorylessCell
from rnn_course.experiments import base
from rnn_course.networks import initial
from rnn_course.networks.dashed_edges import FeedbackTagger
from rnn_course.networks.deep import BlockCell, SkipTransition, Transition, mlp
from rnn_course.networks.encoder_decoder import EncoderDecoder
from rnn_course.networks.likelihood import shifted
from rnn_course.networks.remedies import LeakyCell, SkipCell
from rnn_course.networks.sharing import BagOfWords, Convolution, WindowNetwork
from rnn_course.networks.sizes import widest
from rnn_course.networks.summarise import Summariser
from rnn_course.networks.two_dimensions import MDRNN, PixelTagger
from rnn_course.networks.vector_to_sequence import VectorToSequence
from rnn_course.tasks.adding import make_adding
from rnn_course.tasks.base import Split
from rnn_course.tasks.coins import Coins
from rnn_course.tasks.copying import make_copying
from rnn_course.tasks.echo import make_echo
from rnn_course.tasks.futures import make_futures
from rnn_course.tasks.holes import RandomImages
from rnn_course.tasks.parity import make_parity
from rnn_course.tasks.selective_copying import make_selective_copying
from rnn_course.training.fit import evaluate, fit

THREE = [3, np.int64(3), np.int32(3), np.uint8(3), np.array(3), torch.tensor(3)]
NONE = [True, np.True_, torch.tensor(True), 3.0, np.float64(3), "3", None, np.array([3, 3])]


@pytest.mark.parametrize("value", THREE, ids=repr)
def test_an_integer_comes_back_as_an_int(value):
    for found in (
        checks.positive("n", value),
        checks.whole("n", value),
        checks.symbol("n", value, 4),
        checks.integer(value),
    ):
        assert type(found) is int and found == 3


@pytest.mark.parametrize("value", NONE, ids=repr)
def test_a_value_that_is_not_an_integer_is_named(value):
    assert checks.integer(value) is None
    for check in (checks.positive, checks.whole, lambda *given: checks.symbol(*given, 4)):
        with pytest.raises(ValueError, match="n: expected"):
            check("n", value)


@pytest.mark.parametrize(
    "value", [0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5)], ids=repr
)
def test_a_number_comes_back_as_a_float(value):
    assert type(checks.finite("r", value)) is float and checks.real(value) == 0.5
    assert checks.real(np.int64(2)) == 2


@pytest.mark.parametrize("value", [True, np.True_, "1", None, np.nan, -np.inf, 1j], ids=repr)
def test_a_value_that_is_not_a_finite_number_is_named(value):
    with pytest.raises(ValueError, match="r: expected a finite number, got"):
        checks.finite("r", value)


@pytest.mark.parametrize(
    "given",
    [
        np.sort(np.array([4, 6, 2]))[::-1],
        np.array([6, 4, 2], dtype=">i4"),
        np.array([6, 4, 2], dtype=np.uint64),
        [np.int64(6), np.int32(4), 2],
        (6, 4, 2),
        torch.tensor([6, 4, 2], dtype=torch.uint8),
        np.array([[6, 0], [4, 0], [2, 0]])[:, 0],
    ],
    ids=repr,
)
def test_lengths_of_any_type(given):
    rnn, x = RNN(GRUCell(3, 4)), torch.randn(3, 6, 3)
    for mine, plain in zip(rnn(x, lengths=given), rnn(x, lengths=[6, 4, 2]), strict=True):
        assert torch.equal(mine, plain)


def test_lengths_that_may_not_be_written_to_are_read():
    given = np.array([6, 4, 2])
    given.flags.writeable = False
    assert checks.lengths(given, 3, 6, torch.device("cpu")).tolist() == [6, 4, 2]


@pytest.mark.parametrize(
    "given",
    [np.array([6.0, 4, 2]), np.array([True, True, True]), np.array(["6", "4", "2"])],
    ids=repr,
)
def test_invalid_lengths_are_named(given):
    with pytest.raises(TypeError, match="lengths: expected whole numbers, got"):
        RNN(GRUCell(3, 4))(torch.randn(3, 6, 3), lengths=given)


SIZED = {
    "Elman": lambda n: ElmanCell(n(3), n(5)),
    "LSTM": lambda n: LSTMCell(n(3), n(5), np.float32(2)),
    "GRU": lambda n: GRUCell(n(3), n(5)),
    "Jordan": lambda n: JordanCell(n(3), n(5), n(2)),
    "memoryless": lambda n: MemorylessCell(n(3), n(5)),
    "leaky": lambda n: LeakyCell(n(3), n(5), n(10)),
    "skip": lambda n: SkipCell(n(3), n(5), n(2)),
    "blocks": lambda n: BlockCell(n(3), mlp(n(3), n(4), n(5)), Transition(n(5), n(2))),
    "skip transition": lambda n: SkipTransition(n(5), n(2)),
    "grid": lambda n: PixelTagger(MDRNN.four(n(1), n(3)), n(2)),
    "Summariser": lambda n: Summariser(n(6), n(3), ElmanCell(3, 5), n(2)),
    "window": lambda n: WindowNetwork(n(6), n(3), n(7), n(4), n(2)),
    "convolution": lambda n: Convolution(n(6), n(3), n(4), n(2), n(3)),
    "bag": lambda n: BagOfWords(n(6), n(2)),
    "FeedbackTagger": lambda n: FeedbackTagger(n(6), n(3), ElmanCell(6, 5), n(5)),
    "VectorToSequence": lambda n: VectorToSequence(n(3), n(5), GRUCell(4, 4), "each", n(4)),
    "EncoderDecoder": lambda n: EncoderDecoder(
        n(6), n(5), GRUCell(3, 4), GRUCell(5, 4), n(2), n(4)
    ),
}


@pytest.mark.parametrize("name", SIZED)
def test_a_network_of_numpys_sizes_is_the_same_network(name):
    made = []
    for number in (int, np.int64):
        torch.manual_seed(0)
        made.append(SIZED[name](number))
    assert repr(made[0]) == repr(made[1]) and "np." not in repr(made[1])
    for mine, plain in zip(*(m.state_dict().values() for m in made), strict=True):
        assert torch.equal(mine, plain)
    for module in made[1].modules():
        assert not any(isinstance(v, np.generic) for v in vars(module).values())


def test_scales_and_probabilities_may_be_numpys():
    assert initial.spectral_radius(
        initial.gaussian(ElmanCell(3, 5), np.float32(0.5)).W
    ) == pytest.approx(0.5, abs=1e-5)
    assert Coins(np.int64(4), flip=np.float32(0.25)).draw(
        np.int64(3), torch.Generator()
    ).x.shape == (3, 4)
    assert RandomImages(np.int64(2), np.int64(2), np.float64(0.5)).every()[1].sum() == 1
    for wrong in (True, np.True_, "x", np.nan):
        for make in (
            lambda r: initial.orthogonal(ElmanCell(3, 5), r),
            lambda r: LeakyCell(3, 5, r),
            lambda r: LSTMCell(3, 5, r),
            lambda r: Coins(4, flip=r),
            lambda r: RandomImages(2, 2, r),
        ):
            with pytest.raises(ValueError, match="expected"):
                make(wrong)


def test_tasks_sizes_and_symbols_may_be_numpys():
    n = np.int64
    assert make_adding(n(8), n_train=n(10), n_test=n(4)).train.x.shape == (10, 8, 2)
    assert make_copying(n(5), n_train=n(10), n_test=n(4)).test.x.shape[0] == 4
    assert make_echo(n(2), n(9), n(10), n_test=n(4)).train.x.shape == (10, 9)
    assert make_parity(n(8), n_train=n(10), n_test=n(4)).train.x.shape == (10, 8, 1)
    assert make_selective_copying(n(5), n(10), n_test=n(4)).test.x.shape[0] == 4
    assert (
        make_futures(n(6), past=n(1), future=n(1), n_train=n(10), n_test=n(4)).train.x.shape[0]
        == 10
    )
    assert widest(lambda h: ElmanCell(3, h), n(100)).n_hidden == 8
    assert shifted(torch.tensor([[1, 2]]), n(4)).tolist() == [[4, 1]]
    assert base.rounded("f", [n(2), np.float32(0.5)]) == [2, 0.5]
    json.dumps(base.rounded("f", [n(2), np.float32(0.5)]))


def test_fit_takes_numpys_numbers_and_goes_on_from_what_it_saved(tmp_path):
    def split():
        torch.manual_seed(0)
        return Split(torch.randint(6, (20, 5)), torch.randint(2, (20,)))

    histories = []
    for number, real in ((int, float), (np.int64, np.float64), (np.int32, np.float32)):
        torch.manual_seed(0)
        model = Summariser(6, 3, ElmanCell(3, 4), 2)
        for _ in range(2):  # the second time from the checkpoint
            histories.append(
                fit(
                    model,
                    lambda m, b: torch.nn.functional.cross_entropy(m(b.x), b.y),
                    split(),
                    split(),
                    epochs=number(2),
                    batch_size=number(8),
                    lr=real(0.125),
                    clip=real(1),
                    weight_decay=real(0.5),
                    seed=number(3),
                    patience=number(2),
                    save_every=number(2),
                    device="cpu",
                    checkpoint=tmp_path / f"{number.__name__}",
                    progress=False,
                )
            )
        assert (
            evaluate(model, split(), lambda m, b: m(b.x).argmax(1) == b.y, batch_size=number(8))
            <= 1
        )
    assert all(history == histories[0] for history in histories)
