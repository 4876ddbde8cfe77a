"""Which digit is it? An image of 64 pixels is read one pixel at a time."""

from __future__ import annotations

import torch
from threadpoolctl import threadpool_limits

from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.digits import FULL, digit_images


def most_frequent(task: Task, split: Split) -> float:
    """The accuracy of always giving the most frequent digit of training, near 1/10."""
    return float((split.y == task.train.y.bincount().argmax()).double().mean())


def last_pixel(task: Task, split: Split) -> float:
    """The accuracy without memory: x^(64) is all that is seen when the digit is asked for.

    The answer is the most frequent digit of the training images whose last pixel has the same ink,
    or of all, if none has. Nine last pixels of ten are blank, so it is little above a guess.
    """
    seen, of_training = ((FULL * x[:, -1, 0]).long() for x in (split.x, task.train.x))
    counts = torch.zeros(FULL + 1, len(task.labels), dtype=torch.int64)
    counts.index_put_((of_training, task.train.y), torch.tensor(1), accumulate=True)
    counts[counts.sum(1) == 0] = counts.sum(0)
    return float((counts.argmax(1)[seen] == split.y).double().mean())


def all_at_once(task: Task, split: Split) -> float:
    """The accuracy of logistic regression, which is shown all 64 pixels of an image together.

    A peer and no ceiling: it needs no memory, but it is linear. Fitted to the training images with
    scikit-learn's defaults, an L2 penalty with C = 1.
    """
    from sklearn.linear_model import LogisticRegression

    with threadpool_limits(1):
        peer = LogisticRegression(max_iter=1000)
        peer.fit(task.train.x.flatten(1).double().numpy(), task.train.y.numpy())
        return float(peer.score(split.x.flatten(1).double().numpy(), split.y.numpy()))


def load_pixels() -> Task:
    """The task: x (N, 64, 1) floats, the ink of a pixel at each step, and y (N,) int64 the digit.

    Ink is from 0 (none) to 1 (full). The 8 x 8 pixels come row by row, from the top, each row from
    the left; the answer is asked for after the last. Six tenths of the 1,797 images are for
    training, two for validation, two for the test. No image is in two splits, but the same 13
    people wrote all of them: the score says nothing about handwriting of others.
    Source: the digits of `tasks.digits`; Le et al. (2015), who read the 784 pixels of MNIST in this
    way.
    """
    splits = {
        side: Split(ink.unsqueeze(2) / FULL, y) for side, (ink, y) in digit_images(0.6).items()
    }
    return Task("pixels", **splits, symbols=(), labels=tuple("0123456789"))
