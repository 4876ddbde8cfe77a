"""The long run over gaps: its networks and its measures."""

import pytest
import torch

from rnn_course import Cell, ElmanCell, GRUCell, LSTMCell
from rnn_course.experiments import figures, long_gaps, results
from rnn_course.measures.dependence import gradient_norms
from rnn_course.networks.sizes import n_parameters
from rnn_course.tasks.base import Batch
from rnn_course.tasks.fluent import make_fluent

COMPARED = list(long_gaps.ARCHITECTURES)


@pytest.fixture(scope="module")
def task():
    return make_fluent(6, 1140, n_test=114)


def test_networks_have_as_many_parameters_as_fit(task):
    found = {name: long_gaps.network(task, name, 0) for name in long_gaps.ARCHITECTURES}
    budget = n_parameters(found["LSTM, forget bias 1"])
    assert found["LSTM, forget bias 1"].rnn.n_hidden == long_gaps.N_HIDDEN
    for model in found.values():
        assert 0.99 * budget < n_parameters(model) <= budget


def test_a_network_is_drawn_from_its_seed(task):
    for name in long_gaps.ARCHITECTURES:
        first, again, other = (long_gaps.network(task, name, seed).rnn.cell for seed in (0, 0, 1))
        assert torch.equal(first.W, again.W) and torch.equal(first.b, again.b)
        assert not torch.equal(first.W, other.W)


def test_chrono_keeps_each_memory_for_its_time():
    torch.manual_seed(0)
    cell = long_gaps.chrono(LSTMCell(3, 500).double(), longest=40)
    b_i, b_f, b_g, b_o = cell.b.detach().split(500)
    u = b_f.exp()
    assert 1 <= u.min() < 2 and 38 < u.max() <= 39
    assert not b_g.any() and not b_o.any()
    # what is kept and what is written add up to one
    torch.testing.assert_close(b_f.sigmoid() + b_i.sigmoid(), torch.ones(500).double())
    with torch.no_grad():
        cell.W.zero_()
        state = cell.initial_state(1)._replace(c=torch.ones(1, 500).double())
        for _ in range(10):
            _, state = cell(torch.zeros(1, 3).double(), state)
    torch.testing.assert_close(state.c[0], (u / (1 + u)) ** 10)


def test_chrono_keeps_the_memories_of_a_gru_as_well():
    torch.manual_seed(0)
    cell = long_gaps.chrono(GRUCell(3, 500).double(), longest=40)
    b_r, b_z, b_new = cell.b.detach().split(500)
    u = b_z.exp()
    assert 1 <= u.min() < 2 and 38 < u.max() <= 39
    assert not b_r.any() and not b_new.any()
    with torch.no_grad():
        cell.W.zero_()
        h = torch.ones(1, 500).double()
        for _ in range(10):  # the candidate stays at 0
            h, _ = cell(torch.zeros(1, 3).double(), h)
    torch.testing.assert_close(h[0], (u / (1 + u)) ** 10)


def test_chrono_is_for_gates():
    with pytest.raises(TypeError, match="cell: expected an LSTMCell or a GRUCell, got ElmanCell"):
        long_gaps.chrono(ElmanCell(3, 4))


def test_norms_are_those_of_the_network_that_reads_the_test_sentences(task):
    model = long_gaps.network(task, "GRU", 0)
    found = long_gaps.norms(model, task, sentences=3)
    alone = [gradient_norms(model.rnn.cell, model.embed(task.test.x[i : i + 1])) for i in range(3)]
    torch.testing.assert_close(found, torch.stack(alone).mean(0))
    assert len(found) == 1 + 5 + 6


def test_an_answer_is_right_or_not(task):
    def model(x, lengths=None):
        return torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

    batch = Batch(torch.zeros(3, 4).long(), torch.tensor([1, 2, 2]), None)
    assert long_gaps.right(model, batch).tolist() == [1, 0, 1]
    expected = -model(None).double().log_softmax(1)[torch.arange(3), batch.y].mean()
    assert long_gaps.answer_loss(model, batch).item() == pytest.approx(expected.item())


def test_a_bag_of_words_has_no_gap_to_bridge():
    assert long_gaps.bag_of_words(make_fluent(40, 4000, n_test=200)) > 0.99


def test_a_bag_of_other_words_is_at_chance(task):
    """Without the country nothing is left to go by: the ceiling is one that can be missed."""

    def without(split):
        x = split.x.clone()
        x[:, 4] = 1
        return type(split)(x, split.y)

    blind = type(task)(
        "blind",
        without(task.train),
        without(task.valid),
        without(task.test),
        task.symbols,
        task.labels,
    )
    assert long_gaps.bag_of_words(blind) < 0.1


def test_to_answer_and_to_fail_is_said_of_every_seed():
    assert long_gaps.outcome([0.6, 1.0, 0.7], 0.2, 1.0) == "answers"
    assert long_gaps.outcome([0.5, 0.1, 0.59], 0.2, 1.0) == "fails"
    assert long_gaps.outcome([0.5, 0.1, 0.59], 0.0, 1.0) == "some seeds"


def test_the_long_run_is_read_by_network_and_gap():
    found = figures("accuracy", "long_gaps", by=("architecture", "gap"), architecture=COMPARED)
    assert list(found) == list(long_gaps.ARCHITECTURES)
    for name, at in found.items():
        assert list(at) == list(long_gaps.GAPS) and all(len(seeds) == 5 for seeds in at.values())
        [trial] = results("long_gaps", architecture=name, gap=20, seed=3)
        assert at[20][3] == trial["figures"]["accuracy"]


def test_what_the_chapter_says_of_the_long_run():
    """S8.3, and the exception to it: the LSTM whose forget gate starts at 1."""
    found = figures("accuracy", "long_gaps", by=("architecture", "gap"), architecture=COMPARED)
    came = {
        name: [long_gaps.outcome(at[gap], 1 / 57, 1.0) for gap in (3, 40, 80)]
        for name, at in found.items()
    }
    failing = ["tanh, as torch starts it", "tanh, orthogonal", "GRU"]
    assert all(came[name] == ["answers", "fails", "fails"] for name in failing)
    assert came["LSTM, forget bias 1"] == ["answers", "some seeds", "some seeds"]
    for name in ("LSTM, biases for long gaps", "GRU, biases for long gaps"):
        assert came[name] == ["answers"] * 3
    for gap in (40, 80):  # four seeds learn, and have not ended
        learning = [
            t["figures"]
            for t in results("long_gaps", architecture="LSTM, forget bias 1", gap=gap)
            if t["figures"]["accuracy"] > 2 / 57
        ]
        assert len(learning) == 4 and all(f["valid"][-1] > f["valid"][-2] for f in learning)


def test_clipping_makes_seeds_alike_at_40_and_no_difference_at_80():
    clipped, free = (
        figures("accuracy", "long_gaps", by="gap", architecture=name, gap=(40, 80))
        for name in ("tanh, orthogonal", "tanh, orthogonal, not clipped")
    )
    assert max(clipped[80] + free[80]) < 0.04
    assert 0.35 < min(clipped[40]) and max(clipped[40]) < 0.45
    assert min(free[40]) < 0.03 and max(free[40]) > 0.6


def test_a_short_gap_is_learnt(task):
    torch.manual_seed(0)
    task = make_fluent(3, 4000, n_test=114)
    name = "LSTM, biases for long gaps"
    model = long_gaps.network(task, name, 0)
    history = long_gaps.train(model, task, 3, 0, architecture=name, progress=False)
    assert history.valid_metric[-1] > 0.9
    assert history.lr[0] == long_gaps.ARCHITECTURES[name].lr


def test_each_architecture_is_a_cell():
    for architecture in long_gaps.ARCHITECTURES.values():
        assert isinstance(architecture.cell(3, 4), Cell) and 0 < architecture.lr < 0.01
