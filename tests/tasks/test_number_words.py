"""The number words: separate pictures and pairs, correct letters, and reproducible draws."""

import hashlib
from collections import Counter

import pytest
import torch
from elsewhere import printed_elsewhere

from rnn_course.measures.metrics import error_rate, exact_match
from rnn_course.tasks import Split
from rnn_course.tasks.number_words import (
    END,
    LANGUAGES,
    MixedSplit,
    digit_images,
    is_unseen,
    make_number_words,
    most_frequent_word,
    shared_letters,
    spelled_by_table,
    words,
)

SIDES = {"train": "train", "valid": "valid", "test": "test", "unseen": "test"}


@pytest.fixture(scope="module")
def task():
    return make_number_words()


def rows(task, side):
    """(number, language, word) of each row, from the columns of x and from the target."""
    split = getattr(task, side)
    return list(
        zip(
            task.number(split).tolist(),
            task.language(split.x).tolist(),
            task.decode(split.y),
            strict=True,
        )
    )


def ink_bytes(pictures):
    """The pictures (..., 8, 8) as a list of bytes, one byte per pixel."""
    return [
        picture.numpy().tobytes() for picture in pictures.reshape(-1, 64).round().to(torch.int8)
    ]


def known(side):
    """The digit of each picture of a side, by the bytes of its ink."""
    ink, digits = digit_images()[side]
    return dict(zip(ink_bytes(ink), digits.tolist(), strict=True))


def test_every_picture_is_in_one_split_and_there_are_no_duplicates():
    images = digit_images()
    assert sum(len(digits) for _, digits in images.values()) == 1797
    every = [known(side) for side in images]
    assert sum(map(len, every)) == len(set().union(*every)) == 1797
    assert {side: len(digits) for side, (_, digits) in images.items()} == {
        "train": 1257,
        "valid": 270,
        "test": 270,
    }
    assert all(len(set(digits.tolist())) == 10 for _, digits in images.values())


@pytest.mark.parametrize("side", SIDES)
def test_rows_show_pictures_of_their_split_and_of_the_digits_they_spell(task, side):
    digit = known(SIDES[side])
    tens, units = map(ink_bytes, task.pictures(getattr(task, side).x).unbind(1))
    for (n, language, word), a, b in zip(rows(task, side), tens, units, strict=True):
        assert (digit[a], digit[b]) == divmod(n, 10)
        assert word == words(LANGUAGES[language])[n] + END


def test_the_language_is_one_column_of_x(task):
    language = task.train.x[:, 128:]
    assert language.shape[1] == 4
    assert torch.equal(language.sum(1), torch.ones(len(language)))
    assert set(language.flatten().tolist()) == {0.0, 1.0}


def test_well_known_numbers():
    assert [words(language)[47] for language in LANGUAGES] == [
        "forty-seven",
        "siebenundvierzig",
        "quarante-sept",
        "cuarenta y siete",
    ]
    assert words("fr")[97] == "quatre-vingt-dix-sept"


def test_targets_end_with_the_end_symbol_and_their_length_counts_it(task):
    for side in SIDES:
        split = getattr(task, side)
        for y, n in zip(split.y, split.y_lengths.tolist(), strict=True):
            assert (y == task.end).nonzero().tolist() == [[n - 1]]
            assert (y[n:] == 0).all() and (y[:n] != 0).all()


def test_unseen_pairs_of_number_and_language_are_in_no_other_split(task):
    pairs = {side: {row[:2] for row in rows(task, side)} for side in SIDES}
    assert len(pairs["train"]) == 400 - 32 and len(pairs["unseen"]) == 32
    assert all(is_unseen(*pair) for pair in pairs["unseen"])
    for side in ("train", "valid", "test"):
        assert not pairs[side] & pairs["unseen"]
        assert pairs[side] <= pairs["train"]


def test_the_parts_of_an_unseen_word_are_in_training(task):
    pairs = {row[:2] for row in rows(task, "train")}
    unseen = {row[:2] for row in rows(task, "unseen")}
    assert Counter((n // 10, language) for n, language in unseen) == {
        (tens, language): 1 for tens in range(2, 10) for language in range(4)
    }
    assert len({n for n, _ in unseen}) == 32  # each in one language only
    for n, language in unseen:
        tens, units = divmod(n, 10)
        others = set(range(4)) - {language}
        assert units > 0 and all((n, other) in pairs for other in others)
        assert sum((10 * tens + b, language) in pairs for b in range(1, 10)) == 8
        assert sum((10 * a + units, language) in pairs for a in range(2, 10)) == 7


def test_pairs_of_number_and_language_are_equally_frequent(task):
    for side, expected in (("train", 20_000 / 368), ("unseen", 1_000 / 32)):
        counts = Counter(row[:2] for row in rows(task, side))
        assert 0.4 * expected < min(counts.values()) < max(counts.values()) < 1.8 * expected


def test_each_picture_is_used(task):
    assert set(ink_bytes(task.pictures(task.train.x))) == set(known("train"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_shared_letters_are_those_of_the_decade(language):
    for n in range(100):
        decade = [words(language)[n - n % 10 + units] + END for units in range(1, 10)]
        shared = shared_letters(n, language)
        assert len({word[:shared] for word in decade}) == 1 < len({w[: shared + 1] for w in decade})


def test_shared_letters_by_hand():
    assert [shared_letters(47, language) for language in LANGUAGES] == [6, 0, 8, 11]
    assert shared_letters(7, "en") == shared_letters(17, "en") == 0


def test_pixels_are_standardised_by_the_training_pictures(task):
    ink, _ = digit_images()["train"]
    x = task.train.x[:, :128].unflatten(1, (2, 64))
    torch.testing.assert_close(x.mean((0, 1)), torch.zeros(64), atol=0.15, rtol=0)
    shown = task.pictures(task.train.x[:1])[0, 0].flatten()
    torch.testing.assert_close(x[0, 0] * ink.std(), shown - ink.mean(0), atol=1e-5, rtol=0)


def test_shuffled_batches_mix_the_lengths_and_lose_nothing(task):
    train = task.train
    assert isinstance(train, MixedSplit)

    def run(seed):
        generator = torch.Generator().manual_seed(seed)
        return list(train.batches(64, generator))

    batches = run(0)
    spread = torch.stack([batch.y_lengths.double().std() for batch in batches[:-1]])
    sorted_ones = list(
        Split(train.x, train.y, y_lengths=train.y_lengths).batches(
            64, torch.Generator().manual_seed(0)
        )
    )
    assert spread.min() > 3 > 1 > max(batch.y_lengths.double().std() for batch in sorted_ones)
    together = torch.cat([batch.x for batch in batches])
    assert torch.equal(together.sum(1).sort().values, train.x.sum(1).sort().values)
    assert all(batch.y.shape[1] == batch.y_lengths.max() for batch in batches)
    assert all(torch.equal(a.x, b.x) for a, b in zip(batches, run(0), strict=True))
    assert not torch.equal(batches[0].x, run(1)[0].x)


def test_batches_without_a_generator_come_in_order_of_length(task):
    lengths = torch.cat([batch.y_lengths for batch in task.test.batches(64)])
    assert torch.equal(lengths, task.test.y_lengths.sort().values)


@pytest.mark.parametrize("side", ["test", "unseen"])
def test_the_table_is_a_ceiling_and_the_frequent_word_a_floor(task, side):
    split = getattr(task, side)
    truth = task.decode(split.y)
    table, frequent = spelled_by_table(task, split), most_frequent_word(task, split)
    assert 0.95 < exact_match(table, truth) < 1
    assert error_rate(table, truth) < 0.03
    assert exact_match(frequent, truth) < 0.03
    assert error_rate(frequent, truth) > 0.5
    assert len(set(frequent)) == 4


def test_the_frequent_word_is_taken_from_training(task):
    said = set(most_frequent_word(task, task.test))
    for language in range(4):
        counts = Counter(word for _, l_, word in rows(task, "train") if l_ == language)
        top = max(counts.values())
        assert sum(counts[word] == top for word in said) == 1


FINGERPRINT = """
import hashlib
from rnn_course.tasks.number_words import make_number_words
task = make_number_words(n_train=500, n_test=100)
digest = hashlib.sha256(bytes(str(task.symbols), "utf8"))
for split in (task.train, task.valid, task.test, task.unseen):
    digest.update(task.pictures(split.x).round().to(int).numpy().tobytes())
    digest.update(split.y.numpy().tobytes())
print(digest.hexdigest())
"""


def test_the_task_is_the_same_in_every_process():
    task = make_number_words(n_train=500, n_test=100)
    digest = hashlib.sha256(bytes(str(task.symbols), "utf8"))
    for split in (task.train, task.valid, task.test, task.unseen):
        digest.update(task.pictures(split.x).round().to(int).numpy().tobytes())
        digest.update(split.y.numpy().tobytes())
    assert printed_elsewhere(FINGERPRINT, "1") == digest.hexdigest()


def test_another_seed_draws_other_pairs_of_the_same_pictures(task):
    other = make_number_words(n_train=500, n_test=100, seed=1)
    assert not torch.equal(other.train.x, task.train.x[:500])
    assert set(ink_bytes(other.pictures(other.test.x))) <= set(known("test"))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: make_number_words([]), "languages: expected 1 to 9 different codes"),
        (lambda: make_number_words(["en", "en"]), "languages: expected 1 to 9 different codes"),
        (
            lambda: make_number_words(["en", "klingon"]),
            "languages: .* num2words' codes, got 'klingon'",
        ),
        (lambda: make_number_words(n_train=0), "n_train: expected an integer of at least 1, got 0"),
        (lambda: make_number_words(n_test=1), "n_test: expected at least 2, got 1"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
