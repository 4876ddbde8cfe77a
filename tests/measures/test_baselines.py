"""The baselines: what each can see, and that they are fitted on the training split alone."""

import warnings
from dataclasses import replace

import pytest
import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from rnn_course.ledger import FILE
from rnn_course.measures.baselines import bag_of_characters, character_ngrams, majority
from rnn_course.tasks import Split, Task, load_names


@pytest.fixture(scope="module")
def task():
    return load_names(("da", "en", "nb", "pl"))


@pytest.fixture(scope="module")
def fitted(task):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fit that stops early warns
        return [make(task) for make in (majority, bag_of_characters, character_ngrams)]


def reversed_split(split: Split) -> Split:
    x = torch.zeros_like(split.x)
    for row, source, length in zip(x, split.x, split.lengths, strict=True):
        row[:length] = source[:length].flip(0)
    return Split(x, split.y, split.lengths)


def test_the_majority_is_the_most_frequent_class_of_the_training_split(task, fitted):
    most = int(torch.bincount(task.train.y).argmax())
    assert fitted[0].predict(task.test).tolist() == [most] * len(task.test)
    assert fitted[0].accuracy(task.test) == pytest.approx(
        float((task.test.y == most).double().mean())
    )


def test_what_each_sees_more_makes_it_better(task, fitted):
    least, bag, ngrams = (baseline.accuracy(task.test) for baseline in fitted)
    assert least + 0.2 < bag < ngrams - 0.05
    assert bag < 0.9  # nothing has leaked
    assert ngrams < 0.95


def test_the_bag_is_blind_to_order_and_the_ngrams_are_not(task, fitted):
    backwards = reversed_split(task.test)
    _, bag, ngrams = fitted
    assert torch.equal(bag.predict(backwards), bag.predict(task.test))
    assert ngrams.accuracy(backwards) < ngrams.accuracy(task.test) - 0.1


def test_the_ngrams_are_scikit_learns_on_the_decoded_training_names(task, fitted):
    count = CountVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False)
    x = count.fit_transform(task.decode(task.train.x))
    machine = LinearSVC(C=0.1, random_state=0).fit(x, task.train.y.numpy())
    expected = machine.predict(count.transform(task.decode(task.valid.x)))
    assert fitted[2].predict(task.valid).tolist() == expected.tolist()


def test_only_the_training_split_is_learnt_from(task, fitted):
    scrambled = Split(task.test.x, task.test.y.flip(0), task.test.lengths)
    again = bag_of_characters(replace(task, valid=scrambled, test=scrambled))
    assert torch.equal(again.predict(task.test), fitted[1].predict(task.test))
    assert again.accuracy(scrambled) < again.accuracy(task.test)


def test_characters_that_training_does_not_teach_are_one_unknown(task, fitted):
    for baseline in fitted:
        unknown = [Split(*_encoded(task, text)) for text in ("Ж-Ж", "字-字")]
        assert torch.equal(*(baseline.predict(split) for split in unknown))


def _encoded(task: Task, text: str):
    x, lengths = task.encode([text])
    return x, torch.zeros(1, dtype=torch.int64), lengths


def test_the_number_of_threads_changes_nothing(task, fitted):
    for threads in (1, 2):
        with threadpool_limits(threads):
            again = bag_of_characters(task)
        weights = [b.classifier[-1].coef_ for b in (again, fitted[1])]
        assert (weights[0] == weights[1]).all()


def test_names_say_what_it_is(fitted, task):
    assert [b.name for b in fitted] == ["majority", "bag of characters", "1–3-grams"]
    assert character_ngrams(task, longest=1).name == "1–1-grams"


@pytest.mark.parametrize("make", [majority, bag_of_characters, character_ngrams])
@pytest.mark.parametrize("missing", ["symbols", "labels"])
def test_a_task_without_symbols_or_classes_is_refused(task, make, missing):
    with pytest.raises(ValueError, match="task: expected one with symbols and labels, got 'names'"):
        make(replace(task, **{missing: ()}))


@pytest.mark.parametrize("longest", [0, -2, 1.5])
def test_a_wrong_longest_run_is_refused(task, longest):
    with pytest.raises(ValueError, match="longest: expected an integer of at least 1"):
        character_ngrams(task, longest)


def test_the_page_of_advice_names_the_classifier_that_there_is(fitted):
    page = " ".join((FILE.parent.parent / "book" / "which_network.md").read_text().split())
    assert isinstance(fitted[2].classifier[-1], LinearSVC)
    assert "n-grams with a linear support vector machine" in page
    assert "logistic" not in page
