"""What a network has to beat, and a probe of its summary: classifiers by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits
from torch import Tensor

from rnn_course import checks
from rnn_course.tasks.base import Split, Task


@dataclass(frozen=True, eq=False)
class Baseline:
    """A classifier fitted on the training split of a task.

    It reads the texts as the task decodes them, unknown characters included, so it knows exactly
    what a network knows about them.
    """

    name: str
    task: Task
    classifier: Pipeline

    def predict(self, split: Split) -> Tensor:
        """The class of every example, (N,) int64."""
        with threadpool_limits(1):
            predicted = self.classifier.predict(self.task.decode(split.x))
        return torch.as_tensor(predicted, dtype=torch.int64)

    def accuracy(self, split: Split) -> float:
        """The share of examples that are classified correctly."""
        return float((self.predict(split) == split.y).double().mean())


def majority(task: Task) -> Baseline:
    """Always the most frequent class of the training split: the best without any input.

    Raises:
        ValueError: If the task has no symbols or classes.
    """
    return _fit("majority", task, 1, DummyClassifier(strategy="most_frequent"))


def bag_of_characters(task: Task) -> Baseline:
    """Logistic regression on how often each character occurs: everything but the order.

    Raises:
        ValueError: If the task has no symbols or classes.
    """
    return _fit("bag of characters", task, 1, LogisticRegression(max_iter=1000))


def character_ngrams(task: Task, longest: int = 3) -> Baseline:
    """A linear support vector machine on the counts of runs of 1 to `longest` characters.

    The regularisation is light enough to fit almost all of the training split; it was chosen on the
    validation split of the names task.

    Raises:
        ValueError: If `longest` is not a positive integer, or the task has no symbols or classes.
    """
    checks.positive("longest", longest)
    return _fit(f"1–{longest}-grams", task, longest, LinearSVC(C=0.1, random_state=0))


def probe(h_train: Tensor, y_train: Tensor, h_test: Tensor, y_test: Tensor) -> float:
    """How much of y a linear classifier can read from h: its accuracy on the test part.

    Linear discriminant analysis is fitted on h_train (N, n) and y_train (N,); the network that made
    h is not changed. Compare it with the same probe of an untrained network.

    Raises:
        ValueError: If the shapes do not fit.
    """
    for name, h, y in (("train", h_train, y_train), ("test", h_test, y_test)):
        if h.dim() != 2 or h.shape[1] != h_train.shape[1]:
            raise ValueError(
                f"h_{name}: expected (N, n) summaries of one size, got {tuple(h.shape)}"
            )
        if y.shape != h.shape[:1]:
            raise ValueError(
                f"y_{name}: expected a class for each of {len(h)} summaries, "
                f"got shape {tuple(y.shape)}"
            )
    with threadpool_limits(1):
        classifier = LinearDiscriminantAnalysis(solver="lsqr").fit(h_train.numpy(), y_train.numpy())
        return float(classifier.score(h_test.numpy(), y_test.numpy()))


def _fit(name: str, task: Task, longest: int, estimator: object) -> Baseline:
    if not task.symbols or not task.labels:
        raise ValueError(f"task: expected one with symbols and labels, got {task.name!r}")
    count = CountVectorizer(analyzer="char", ngram_range=(1, longest), lowercase=False)
    classifier = make_pipeline(count, estimator)
    # One thread: splitting a sum over threads changes its last bits, and so decides near ties.
    with threadpool_limits(1):
        classifier.fit(task.decode(task.train.x), task.train.y.numpy())
    return Baseline(name, task, classifier)
