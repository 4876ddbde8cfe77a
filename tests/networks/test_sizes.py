"""How many parameters, and the widest network that has no more."""

import pytest
import torch
from torch import nn

from rnn_course import RNN, ElmanCell
from rnn_course.networks.sizes import n_parameters, widest


def test_parameters_are_counted_once_each():
    cell = ElmanCell(3, 5)
    assert n_parameters(cell) == 5 * 3 + 5 * 5 + 5
    assert n_parameters(nn.ModuleList([RNN(cell), RNN(cell)])) == n_parameters(cell)


@pytest.mark.parametrize("budget", [6, 7, 40, 1000, 12_345])
def test_the_widest_is_within_the_budget_and_one_more_unit_is_not(budget):
    def make(n):
        return ElmanCell(4, n)

    n = widest(make, budget).n_hidden
    assert n_parameters(make(n)) <= budget < n_parameters(make(n + 1))


def test_what_is_too_small_a_budget():
    with pytest.raises(ValueError, match="budget: expected at least 6, .* got 5"):
        widest(lambda n: ElmanCell(4, n), 5)
    with pytest.raises(ValueError, match="budget: expected an integer of at least 1, got 0"):
        widest(lambda n: ElmanCell(4, n), 0)


def test_the_random_state_is_that_of_the_maker():
    torch.manual_seed(0)
    one = widest(lambda n: (torch.manual_seed(3), ElmanCell(4, n))[1], 200)
    torch.manual_seed(3)
    assert torch.equal(one.U, ElmanCell(4, one.n_hidden).U)
