"""Note n-grams: equal to the formula by hand, proper probabilities, and what they reach."""

import math
from collections import Counter

import pytest
import torch

from rnn_course.measures.note_ngrams import NOTES, STRENGTHS, note_ngram
from rnn_course.tasks.base import PADDING, Split, Task
from rnn_course.tasks.chorales.task import FIRST_NOTE, SYMBOLS, load_chorales, transposed

CONTEXTS = [(), ("x_t",), ("x_t", "x_{t-1}"), ("y_{t-1}", "x_t", "x_{t-1}"), ("y_{t-2}", "x_{t-2}")]


def music(examples, steps, seed):
    """Random voices of a few notes, in which y follows x with some luck."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(20, 25, (examples, steps), generator=generator)
    luck = torch.rand(x.shape, generator=generator) < 0.7
    y = torch.where(luck, x - 10, torch.randint(8, 13, x.shape, generator=generator))
    y[torch.rand(x.shape, generator=generator) < 0.05] = 1  # a rest
    lengths = torch.randint(1, steps + 1, (examples,), generator=generator)
    lengths[0] = steps
    outside = torch.arange(steps) >= lengths.unsqueeze(1)
    x[outside] = y[outside] = PADDING
    return Split(x, y, lengths, lengths)


@pytest.fixture(scope="module")
def task():
    return Task("toy", music(30, 12, 0), music(10, 12, 1), music(10, 9, 2), SYMBOLS, SYMBOLS)


@pytest.fixture(scope="module")
def real():
    return load_chorales(progress=False)


def walk(split, context):
    """Each step of each sequence: the notes of its context, and y."""
    for x, y, length in zip(
        split.x.tolist(), split.y.tolist(), split.lengths.tolist(), strict=True
    ):
        voices = {"x": x, "y": y}
        for t in range(length):
            notes = tuple(
                voices[v][t - back] if t >= back else PADDING
                for v, back in (NOTES[name] for name in context)
            )
            yield notes, y[t]


def by_hand(task, context, strengths, semitones, split):
    """-log P a note, by dictionaries and the recurrence as it is written in the docstring."""
    counts, totals = Counter(), Counter()
    for shift in range(-semitones, semitones + 1):
        moved = Split(
            transposed(task.train.x, shift), transposed(task.train.y, shift), task.train.lengths
        )
        for notes, y in walk(moved, context):
            for level in range(len(context) + 1):
                counts[level, notes[:level], y] += 1
                totals[level, notes[:level]] += 1
    total = steps = 0
    for notes, y in walk(split, context):
        p = 1 / (len(SYMBOLS) - 1)
        for level, a in enumerate(strengths):
            p = (counts[level, notes[:level], y] + a * p) / (totals[level, notes[:level]] + a)
        total, steps = total - math.log(p), steps + 1
    return total / steps


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("semitones", [0, 2])
def test_it_is_the_formula(context, semitones, task):
    model = note_ngram(task, context, semitones)
    assert model.context == context and len(model.strengths) == len(context) + 1
    for split in (task.train, task.valid, task.test):
        expected = by_hand(task, context, model.strengths, semitones, split)
        assert model.nll(split) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_probabilities_sum_to_one_over_the_symbols_that_are_no_padding(context, real):
    p = note_ngram(real, context).probabilities(real.test)
    assert p.shape == (int(real.test.lengths.sum()), len(SYMBOLS))
    torch.testing.assert_close(p.sum(1), torch.ones(len(p), dtype=torch.float64))
    assert (p[:, PADDING] == 0).all() and (p[:, 1:] > 0).all()


def test_each_strength_is_the_one_that_the_validation_split_likes_best(task):
    context = ("x_t", "y_{t-1}")
    chosen = note_ngram(task, context, 1).strengths
    for level in range(3):
        # Level by level: the later ones do not exist yet when this one is chosen.
        found = [
            by_hand(task, context[:level], (*chosen[:level], a), 1, task.valid) for a in STRENGTHS
        ]
        assert chosen[level] == STRENGTHS[found.index(min(found))]


def test_the_test_split_is_not_looked_at(task):
    other = Task("toy", task.train, task.valid, music(5, 4, 9), SYMBOLS, SYMBOLS)
    a, b = (note_ngram(t, ("x_t", "y_{t-1}")) for t in (task, other))
    assert a.strengths == b.strengths and a.nll(task.test) == b.nll(task.test)


def test_padding_never_matters(task):
    def padded(split, symbol):
        more = torch.full((len(split), 4), symbol)
        x, y = (torch.cat([voice, more], dim=1) for voice in (split.x, split.y))
        outside = torch.arange(x.shape[1]) >= split.lengths.unsqueeze(1)
        x[outside] = y[outside] = symbol
        return Split(x, y, split.lengths)

    strange = Task(
        "toy",
        padded(task.train, 40),
        padded(task.valid, 41),
        padded(task.test, 42),
        SYMBOLS,
        SYMBOLS,
    )
    for context in CONTEXTS:
        a, b = note_ngram(task, context), note_ngram(strange, context)
        assert a.nll(task.test) == b.nll(strange.test)


def test_it_knows_the_notes_of_other_keys_when_it_was_told_of_them(task):
    higher = Split(transposed(task.test.x, 3), transposed(task.test.y, 3), task.test.lengths)
    with_keys, without = (note_ngram(task, ("x_t",), semitones) for semitones in (5, 0))
    assert with_keys.nll(higher) < 2.5 < without.nll(higher)


def test_a_y_that_its_context_settles_is_learnt():
    x = music(40, 12, 3).x
    lengths = (x != PADDING).sum(1)
    shifted = torch.nn.functional.pad(x, (1, 0), value=PADDING)[:, :-1]
    y = torch.where(x == PADDING, PADDING, torch.where(shifted == PADDING, 1, shifted - 7))
    split = Split(x, y, lengths)
    task = Task("toy", split, split, split, SYMBOLS, SYMBOLS)
    assert note_ngram(task, ("x_t", "x_{t-1}"), 0).nll(split) < 0.02
    assert note_ngram(task, ("x_t",), 0).nll(split) > 0.8


def test_without_context_it_is_the_entropy_of_the_notes(task):
    split = task.train
    counts = Counter(y for _, y in walk(split, ()))
    total = sum(counts.values())
    entropy = -sum(n / total * math.log(n / total) for n in counts.values())
    same = Task("toy", split, split, split, SYMBOLS, SYMBOLS)
    assert note_ngram(same, (), 0).nll(split) == pytest.approx(entropy, abs=0.01)
    assert note_ngram(same, (), 0).nll(split) > entropy


def test_more_context_says_more_of_a_real_bass(real):
    """In the order of the chorales chapter; a gap of a tenth of a nat is far beyond chance."""
    nothing, melody, before = (
        note_ngram(real, context).nll(real.test)
        for context in ((), ("x_t", "x_{t-1}"), ("y_{t-1}", "x_t", "x_{t-1}"))
    )
    assert before + 0.1 < melody < nothing - 0.1 < math.log(len(SYMBOLS) - 1)
    assert nothing == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("context", [("z",), ("x_t", "x_t"), "x_t", ("y_t",)])
def test_wrong_contexts_are_refused(context, task):
    with pytest.raises(ValueError, match="context: expected different names from x_t, .*, got"):
        note_ngram(task, context)


def test_a_task_without_lengths_or_labels_is_refused(task):
    bare = Split(task.train.x, task.train.y)
    with pytest.raises(ValueError, match="task: expected one with lengths and labels, got 'toy'"):
        note_ngram(Task("toy", bare, bare, bare, SYMBOLS, SYMBOLS))
    with pytest.raises(ValueError, match="task: expected one with lengths and labels, got 'toy'"):
        note_ngram(Task("toy", task.train, task.valid, task.test))
    with pytest.raises(ValueError, match="semitones: expected a shift that keeps the notes within"):
        note_ngram(task, (), FIRST_NOTE + 7)
