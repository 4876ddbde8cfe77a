"""The long run of chapter 1: where the summary is taken, how batches are drawn, equal size."""

import pytest
import torch

from rnn_course.experiments import figures
from rnn_course.experiments.summarise import AtRandom, accuracy, network, output
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks import load_names


@pytest.fixture(scope="module")
def task():
    return load_names(("da", "en", "nb", "pl"))


def test_random_batches_hold_each_name_once_and_are_padded_to_their_longest(task):
    drawn = [*AtRandom(task.train).batches(100, torch.Generator().manual_seed(0))]
    rows = [
        (int(n), *x[:n].tolist(), int(y))
        for b in drawn
        for x, n, y in zip(b.x, b.lengths, b.y, strict=True)
    ]
    whole = [
        (int(n), *x[:n].tolist(), int(y))
        for x, n, y in zip(task.train.x, task.train.lengths, task.train.y, strict=True)
    ]
    assert sorted(rows) == sorted(whole) and rows != whole
    assert all(b.x.shape[1] == b.lengths.max() for b in drawn)
    like = sum(b.x.numel() for b in task.train.batches(100))
    assert sum(b.x.numel() for b in drawn) > 1.5 * like  # of any lengths: much padding


def test_the_padded_end_is_what_a_name_gets_when_its_padding_is_read(task):
    model = network(task, "tanh", 0)
    batch = next(task.test.batches(len(task.test)))
    own, padded = (output(model, batch, end) for end in ("own", "padded"))
    assert torch.equal(own, model(batch.x, batch.lengths))
    torch.testing.assert_close(padded, model(batch.x))
    longest = batch.lengths == batch.lengths.max()
    torch.testing.assert_close(own[longest], padded[longest])
    assert ((own - padded).abs().amax(1) > 1e-3)[~longest].all()


def test_accuracy_is_the_share_of_names_with_the_right_language(task):
    model = network(task, "tanh", 0)
    said = model(task.test.x, task.test.lengths).argmax(1)
    share = (said == task.test.y).double().mean().item()
    assert accuracy(model, task.test, "own", 7) == pytest.approx(share)
    assert accuracy(model, AtRandom(task.test), "own", 50) == pytest.approx(share)


def test_the_gated_network_has_as_many_parameters_and_no_more():
    task = load_names()
    tanh, gru = (n_parameters(network(task, cell, 0)) for cell in ("tanh", "GRU"))
    assert 0.98 * tanh < gru <= tanh


def test_the_bug_hides_in_batches_of_like_lengths_and_ruins_random_ones():
    def found(figure, **where):
        return figures(figure, "summarise", epochs=6, **where)

    right = found("test", cell="tanh", end="own", batches="like lengths")
    hidden = found("test", cell="tanh", end="padded", batches="like lengths")
    ruined = found("test", cell="tanh", end="padded", batches="random")
    sound = found("test", cell="tanh", end="own", batches="random")
    assert min(hidden) > min(right) - 0.03
    assert max(ruined) < 0.15 < 0.5 < min(sound)  # it is the bug, not the batches
