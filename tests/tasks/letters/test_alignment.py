"""Letters and phones: the alignment against brute force, and learning it from words alone."""

import math
from collections import Counter
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.tasks.letters.alignment import Aligner, Words, learn

INF = math.inf


def words(x, y):
    """`Words` from lists of lists."""

    def padded(rows):
        longest = max(map(len, rows))
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])

    return Words(padded(x), padded(y), *(torch.tensor([*map(len, rows)]) for rows in (x, y)))


def random_table(generator, n_x=4, n_y=5, impossible=0.3):
    table = torch.rand(n_x, n_y, n_y, generator=generator, dtype=torch.float64) * 5
    return table.masked_fill(torch.rand(table.shape, generator=generator) < impossible, INF)


def random_words(generator, count=12, n_x=4, n_y=5, longest=5):
    def rows(n, most):
        return [
            torch.randint(
                1,
                n,
                (int(torch.randint(1, most + 1, (1,), generator=generator)),),
                generator=generator,
            ).tolist()
            for _ in range(count)
        ]

    return rows(n_x, longest), rows(n_y, 2 * longest - 1)


def every_alignment(x, y):
    """All ways in which letters x can say phones y: a (p, q) for each letter."""
    for counts in product(range(3), repeat=len(x)):
        if sum(counts) == len(y):
            ends = [sum(counts[: t + 1]) for t in range(len(x))]
            yield [
                tuple((y[end - k : end] + [0, 0])[:2]) for k, end in zip(counts, ends, strict=True)
            ]


def price(table, x, said):
    return sum(float(table[(letter, *pair)]) for letter, pair in zip(x, said, strict=True))


@given(st.integers(0, 2**31))
def test_no_alignment_costs_less(seed):
    generator = torch.Generator().manual_seed(seed)
    table = random_table(generator)
    x, y = random_words(generator)
    found = Aligner(table).align(words(x, y))
    for letters, phones, said, cost in zip(
        x, y, found.phones.tolist(), found.cost.tolist(), strict=True
    ):
        least = min(
            (price(table, letters, a) for a in every_alignment(letters, phones)), default=INF
        )
        assert cost == pytest.approx(least, abs=1e-12)
        said, rest = [tuple(pair) for pair in said[: len(letters)]], said[len(letters) :]
        assert all(pair == [0, 0] for pair in rest)
        if least < INF:
            assert [p for pair in said for p in pair if p] == phones
            assert price(table, letters, said) == pytest.approx(least, abs=1e-12)
        else:
            assert set(said) == {(0, 0)}


def test_of_equally_good_alignments_the_last_letters_say_least():
    table = torch.zeros(2, 3, 3, dtype=torch.float64)
    found = Aligner(table).align(words([[1, 1, 1]], [[1, 2]]))
    assert found.phones.tolist() == [[[1, 2], [0, 0], [0, 0]]]
    table[1, 1:, 1:] = INF  # no letter says two
    found = Aligner(table).align(words([[1, 1, 1]], [[1, 2]]))
    assert found.phones.tolist() == [[[1, 0], [2, 0], [0, 0]]]


def test_padding_and_the_order_of_words_do_not_matter():
    generator = torch.Generator().manual_seed(1)
    aligner = Aligner(random_table(generator, impossible=0.1))
    batch = words(*random_words(generator, count=40))
    plain = aligner.align(batch)
    x, y = (torch.nn.functional.pad(part, (0, 3)) for part in batch[:2])
    x[torch.arange(x.shape[1]) >= batch.lengths[:, None]] = 3
    y[torch.arange(y.shape[1]) >= batch.y_lengths[:, None]] = 4
    padded = aligner.align(Words(x, y, batch.lengths, batch.y_lengths))
    assert torch.equal(padded.cost, plain.cost) and plain.cost.isfinite().sum() > 10
    assert torch.equal(padded.phones[:, : batch.x.shape[1]], plain.phones)
    order = torch.randperm(40, generator=generator)
    moved = aligner.align(Words(*(part[order] for part in batch)))
    assert torch.equal(moved.phones, plain.phones[order])
    assert torch.equal(moved.cost, plain.cost[order])


# A made-up spelling: letter 3 is silent, letter 5 says two phones, letter 6 says one of two.
CODE = {1: [(1, 0)], 2: [(2, 0)], 3: [(0, 0)], 4: [(3, 0)], 5: [(1, 4)], 6: [(2, 0), (5, 0)]}


def coded(count, seed, longest=7):
    generator = torch.Generator().manual_seed(seed)

    def below(n):
        return int(torch.randint(n, (1,), generator=generator))

    x, y, truth = [], [], []
    while len(x) < count:
        letters = [1 + below(6) for _ in range(2 + below(longest - 1))]
        said = [CODE[letter][below(len(CODE[letter]))] for letter in letters]
        phones = [p for pair in said for p in pair if p]
        if phones:
            x.append(letters), y.append(phones), truth.append(said)
    return x, y, truth


def test_a_spelling_is_learnt_from_words_and_phones_alone():
    x, y, _ = coded(400, seed=0)
    aligner = learn(words(x, y))
    x, y, truth = coded(200, seed=1)  # other words
    found = aligner.align(words(x, y))
    said = [
        [tuple(pair) for pair in row[: len(letters)]]
        for letters, row in zip(x, found.phones.tolist(), strict=True)
    ]
    assert said == truth
    finite = {(letter, *pair) for letter, pairs in CODE.items() for pair in pairs}
    assert {tuple(of) for of in aligner.table.isfinite().nonzero().tolist()} == finite


def test_the_table_holds_the_relative_frequencies():
    x, y = random_words(torch.Generator().manual_seed(3), count=60)
    batch = words(x, y)
    aligner = learn(batch, rounds=30, rare=0)  # until nothing changes any more
    found = aligner.align(batch)
    counts, totals = Counter(), Counter()
    for letters, said, cost in zip(x, found.phones.tolist(), found.cost.tolist(), strict=True):
        if cost < INF:
            for letter, pair in zip(letters, said[: len(letters)], strict=True):
                counts[letter, *pair] += 1
                totals[letter] += 1
    for (letter, p, q), cost in counts.items():
        expected = -math.log(cost / totals[letter])
        assert float(aligner.table[letter, p, q]) == pytest.approx(expected, abs=1e-6)
    assert int(aligner.table.isfinite().sum()) == len(counts)
    p = (-aligner.table[1:]).exp().sum((1, 2))
    torch.testing.assert_close(p, torch.ones_like(p), atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_no_round_makes_the_words_less_probable(seed):
    batch = words(*random_words(torch.Generator().manual_seed(seed), count=200))
    history = learn(batch, rounds=12, rare=0).history
    assert len(history) == 12 and history[-1] < history[1]
    assert all(after <= before + 1e-5 for before, after in zip(history, history[1:], strict=False))


def test_rare_pairs_are_removed():
    x, y, _ = coded(400, seed=0)
    x, y = [*x, [1, 2]], [*y, [1, 3]]  # in one word, letter 2 says phone 3
    kept, struck = (learn(words(x, y), rare=rare) for rare in (0, 0.01))
    odd = words([[1, 2]], [[1, 3]])
    assert kept.align(odd).cost.isfinite().all()
    assert struck.align(odd).cost.isinf().all()
    assert not struck.align(odd).phones.any()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda w: learn(w, rounds=0), "rounds: expected an integer of at least 1, got 0"),
        (lambda w: learn(w._replace(y=w.y[:1])), "y: expected phones for each of 2 words, got 1"),
        (
            lambda w: learn(words([[1]], [[1, 1, 1]])),
            "expected some of at most two phones per letter",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(words([[1], [2, 1]], [[1], [1, 2]]))
