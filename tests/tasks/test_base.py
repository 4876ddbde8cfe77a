"""Splits and batches: every example once, similar lengths together, and what is random."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course.tasks import Batch, Split, Task
from rnn_course.tasks.base import draw_splits, encode


def numbered(lengths: list[int]) -> Split:
    """Sequences that hold their own number + 1 at each step, and 0 in the padding."""
    lengths = torch.tensor(lengths)
    inside = torch.arange(int(lengths.max())) < lengths[:, None]
    number = torch.arange(len(lengths))
    return Split(inside * (number[:, None] + 1), number, lengths)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=40),
    batch_size=st.integers(1, 12),
    seed=st.none() | st.integers(0, 99),
)
@settings(deadline=None)
def test_every_example_comes_once_with_its_own_target_length_and_nothing_else(
    lengths, batch_size, seed
):
    split = numbered(lengths)
    batches = list(split.batches(batch_size, None if seed is None else generator(seed)))
    assert sorted(torch.cat([b.y for b in batches]).tolist()) == list(range(len(lengths)))
    assert sorted(len(b.y) for b in batches)[1:] == [batch_size] * (len(batches) - 1)
    for batch in batches:
        assert batch.x.shape == (len(batch.y), int(batch.lengths.max()))  # only padding is trimmed
        for x, y, length in zip(batch.x, batch.y, batch.lengths, strict=True):
            assert length == lengths[y]
            assert x[:length].tolist() == [y + 1] * length
            assert not x[length:].any()


def test_batches_hold_sequences_of_similar_length():
    split = numbered([7, 1, 3, 9, 2, 8, 4, 6, 5] * 4)
    for order in (None, generator()):
        spans = [(int(b.lengths.min()), int(b.lengths.max())) for b in split.batches(6, order)]
        spans.sort()
        assert all(left[1] <= right[0] for left, right in zip(spans, spans[1:], strict=False))


def test_without_a_generator_batches_always_come_in_order_of_length():
    split = numbered([3, 1, 2, 3, 1])
    orders = [torch.cat([b.y for b in split.batches(2)]).tolist() for _ in range(2)]
    assert orders == [[1, 4, 2, 0, 3]] * 2


def test_the_order_depends_only_on_the_generator():
    split = numbered([1 + i % 7 for i in range(60)])

    def order(g: torch.Generator) -> list[list[int]]:
        return [b.y.tolist() for b in split.batches(8, g)]

    torch.manual_seed(1)
    first = order(generator(5))
    torch.manual_seed(2)
    g = generator(5)
    assert order(g) == first
    second = order(g)
    assert second != first  # the next epoch has another order
    lengths = [[1 + i % 7 for i in batch] for batch in first]
    assert lengths != sorted(lengths)  # and short batches do not come first
    assert {frozenset(b) for b in first} != {frozenset(b) for b in second}


def test_two_passes_begun_together_differ_in_order():
    split, g = numbered([2] * 30), generator()
    one, two = split.batches(5, g), split.batches(5, g)
    assert [b.y.tolist() for b in one] != [b.y.tolist() for b in two]


def test_without_lengths_every_step_counts_and_floats_pass():
    split = Split(torch.randn(5, 3, 2), torch.randn(5, 3), None)
    batches = list(split.batches(2, generator()))
    assert [b.x.shape for b in batches].count((2, 3, 2)) == 2
    assert all(b.lengths is None for b in batches)
    torch.testing.assert_close(torch.cat([b.x for b in batches]).sum(), split.x.sum())


def test_steps_are_the_lengths_or_all_steps():
    split = Split(torch.randn(2, 3, 1), torch.zeros(2, 4), torch.tensor([3, 1]))
    assert split.steps is split.lengths and split.y_steps.tolist() == [4, 4]
    split = Split(split.x, split.y, y_lengths=torch.tensor([2, 4]))
    assert split.steps.tolist() == [3, 3] and split.y_steps is split.y_lengths
    assert split.steps.dtype == torch.int64


def test_splits_are_drawn_in_order_from_one_generator():
    def draw(count: int, g: torch.Generator) -> Split:
        return Split(torch.rand(count, 1, generator=g), torch.zeros(count))

    splits = draw_splits(draw, 3, 2, seed=5)
    assert [len(split) for split in splits] == [3, 2, 2]
    expected = torch.rand(7, 1, generator=generator(5))
    assert torch.equal(torch.cat([split.x for split in splits]), expected)
    with pytest.raises(ValueError, match="count: expected an integer of at least 1, got 0"):
        draw_splits(draw, 3, 0, seed=5)


def test_a_batch_moves_to_a_device():
    batch = Batch(torch.zeros(2, 3), torch.zeros(2), torch.tensor([3, 1])).to("meta")
    assert {part.device.type for part in batch if part is not None} == {"meta"}
    assert batch.y_lengths is None and batch.lengths is not None
    both = Batch(torch.zeros(2, 3), torch.zeros(2, 4), None, torch.tensor([4, 1])).to("meta")
    assert both.lengths is None and both.y_lengths.device.type == "meta"


def test_target_sequences_are_trimmed_to_the_longest_of_the_batch():
    y_lengths = torch.tensor([3, 1, 2, 4, 1, 2])
    y = torch.arange(6)[:, None] * 10 + torch.arange(5)
    split = Split(torch.arange(6.0)[:, None], y, y_lengths=y_lengths)  # a vector each
    for order in (None, generator()):
        batches = list(split.batches(2, order))
        assert sorted(int(x) for batch in batches for x in batch.x) == list(range(6))
        for batch in batches:
            assert batch.lengths is None
            assert batch.y.shape[1] == batch.y_lengths.max()
            own = batch.x[:, 0].long()
            assert torch.equal(batch.y_lengths, y_lengths[own])
            assert torch.equal(batch.y, y[own][:, : batch.y.shape[1]])
    assert sorted(batch.y.shape[1] for batch in split.batches(2)) == [1, 2, 4]  # by length
    with pytest.raises(ValueError, match="y_lengths: expected 1 ≤ length ≤ 5 .*in y.* got 6"):
        Split(split.x, y, y_lengths=y_lengths + 2)
    with pytest.raises(ValueError, match="y_lengths: expected None, since y holds no sequences"):
        Split(split.x, y[:, 0], y_lengths=y_lengths)


X, Y = torch.zeros(3, 4, dtype=torch.int64), torch.zeros(3, dtype=torch.int64)


@pytest.mark.parametrize(
    "x, y, lengths, error, words",
    [
        ([[1]], Y, None, TypeError, "x: expected a Tensor, got list"),
        (X, [1, 2, 3], None, TypeError, "y: expected a Tensor, got list"),
        (X.int(), Y, None, TypeError, "x: expected int64 symbols or floats, got torch.int32"),
        (X[0], Y, None, ValueError, r"x: expected \(N, T\) or \(N, T, n_in\), got shape \(4,\)"),
        (
            X[:0],
            Y[:0],
            None,
            ValueError,
            "at least one example of at least one step, got 0 examples",
        ),
        (X[:, :0], Y, None, ValueError, "got 3 examples of 0 steps"),
        (X, Y[:2], None, ValueError, r"y: expected 3 targets, .* got 2"),
        (X, Y[0], None, ValueError, r"y: expected 3 targets, .* got a single number"),
        (X.float() / 0, Y, None, ValueError, "x: expected finite numbers, got NaN or infinity"),
        (X, Y / 0, None, ValueError, "y: expected finite numbers, got NaN or infinity"),
        (X, Y, [1, 2, 3], TypeError, "lengths: expected an int64 Tensor or None, got list"),
        (
            X,
            Y,
            Y.float(),
            TypeError,
            "lengths: expected an int64 Tensor or None, got torch.float32",
        ),
        (X, Y, torch.tensor([1, 2]), ValueError, r"lengths: expected shape \(3,\).* got \(2,\)"),
        (X, Y, torch.tensor([1, 0, 2]), ValueError, "1 ≤ length ≤ 4 .* got 0 at index 1"),
        (X, Y, torch.tensor([1, 4, 9]), ValueError, "1 ≤ length ≤ 4 .* got 9 at index 2"),
    ],
)
def test_a_split_refuses_what_does_not_fit(x, y, lengths, error, words):
    with pytest.raises(error, match=words):
        Split(x, y, lengths)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True])
def test_a_wrong_batch_size_is_refused_at_the_call(batch_size):
    with pytest.raises(ValueError, match="batch_size: expected an integer of at least 1"):
        numbered([1, 2]).batches(batch_size)


SYMBOLS = ("", "�", "a", "b")


def task() -> Task:
    split = numbered([1])
    return Task("tiny", split, split, split, SYMBOLS, ("only",))


def test_encode_and_decode():
    x, lengths = task().encode(["ab", "b", "axb"])
    assert x.tolist() == [[2, 3, 0], [3, 0, 0], [2, 1, 3]]
    assert lengths.tolist() == [2, 1, 3] and lengths.dtype == torch.int64
    assert task().decode(x) == ["ab", "b", "a�b"]


@pytest.mark.parametrize(
    "texts, error, words",
    [
        ("ab", TypeError, "texts: expected a sequence of strings, got the string 'ab'"),
        ([], ValueError, "texts: expected at least one text, got none"),
        (["a", ""], ValueError, "texts: expected no empty text, got one at index 1"),
    ],
)
def test_encode_refuses(texts, error, words):
    with pytest.raises(error, match=words):
        task().encode(texts)


def test_a_task_without_symbols_neither_encodes_nor_decodes():
    floats = replace(task(), symbols=())
    with pytest.raises(ValueError, match="'tiny' has none"):
        floats.decode(torch.zeros(1, 1, dtype=torch.int64))
    with pytest.raises(ValueError, match="symbols: expected padding, unknown and more, got 0"):
        encode(["a"], ())


@pytest.mark.parametrize("x", [torch.tensor([2, 3]), torch.zeros(1, 2, 3, dtype=torch.int64)])
def test_decode_refuses_a_wrong_rank(x):
    with pytest.raises(ValueError, match=r"x: expected \(N, T\) symbols"):
        task().decode(x)
