"""Which digit is it? Asked of a network that reads a handwritten digit pixel by pixel."""

from __future__ import annotations

from rnn_course.tasks.base import Split, Task
from rnn_course.tasks.holes import FULL, sides


def load_pixels() -> Task:
    """scikit-learn's 1,797 digits: x (N, 64, 1), the ink of each pixel, and y (N,) int64, 0 to 9.

    The 8 × 8 pixels come row by row, each from 0 (white) to 1. The splits are those of
    `load_holes`: no pattern of ink is in two of them.
    Source: Le, Jaitly and Hinton (2015) read the digits of MNIST in this way; statement M8.
    """
    parts = {
        side: Split((images / FULL).flatten(1).unsqueeze(2), y)
        for side, (images, y) in sides().items()
    }
    labels = tuple(map(str, range(10)))
    return Task("pixels", parts["train"], parts["valid"], parts["test"], labels=labels)
