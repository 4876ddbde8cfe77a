"""Contexts as numbers, and the table in which they are looked up."""

from __future__ import annotations

import torch

from rnn_course.measures.counting import inside, looked_up, numbered
from rnn_course.tasks.base import Split


def test_steps_after_the_end_are_outside_and_without_lengths_there_are_none():
    x = torch.zeros(2, 3, dtype=torch.int64)
    ragged = inside(Split(x, x, torch.tensor([3, 1])))
    assert ragged.tolist() == [[True, True, True], [True, False, False]]
    assert inside(Split(x, x)).all()


def test_a_context_is_a_number_whose_digits_are_its_symbols():
    first, second = torch.tensor([[1, 2], [3, 9]]), torch.tensor([[4, 5], [6, 9]])
    mask = torch.tensor([[True, True], [True, False]])
    none, one, two = numbered([first, second], 10, mask)
    assert none.tolist() == [0, 0, 0]
    assert one.tolist() == [1, 2, 3]
    assert two.tolist() == [14, 25, 36]


def test_what_the_table_lacks_stays_as_it_was():
    table = torch.tensor([2, 5, 7]), torch.tensor([20, 50, 70])
    keys = torch.tensor([7, 1, 5, 6, 9])
    assert looked_up(table, keys, 0).tolist() == [70, 0, 50, 0, 0]
    assert looked_up(table, keys, -keys).tolist() == [70, -1, 50, -6, -9]
