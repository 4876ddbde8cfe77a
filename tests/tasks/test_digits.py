"""The digits of scikit-learn: each image once, in one split, as the package has it."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from rnn_course.tasks.digits import FULL, digit_images, every_digit


def test_the_digits_are_those_of_the_package_row_by_row():
    ink, y = every_digit()
    package = load_digits()
    assert ink.dtype == torch.float32 and y.dtype == torch.int64
    assert ink.shape == (1797, 64) and ink.min() == 0 and ink.max() == FULL
    assert y.tolist() == package.target.tolist()
    for row, image in zip(ink.tolist(), package.images.tolist(), strict=True):
        assert row == [pixel for line in image for pixel in line]


@pytest.mark.parametrize(("train", "sizes"), [(0.7, [1257, 270, 270]), (0.6, [1078, 359, 360])])
def test_every_image_is_in_one_split_with_its_digit(train, sizes):
    ink, y = every_digit()
    number = {tuple(row): int(digit) for row, digit in zip(ink.tolist(), y, strict=True)}
    assert len(number) == 1797  # no duplicates
    sides = digit_images(train)
    assert [*sides] == ["train", "valid", "test"]
    assert [len(digits) for _, digits in sides.values()] == sizes
    seen = []
    for images, digits in sides.values():
        rows = [tuple(row) for row in images.tolist()]
        assert [number[row] for row in rows] == digits.tolist()
        assert set(digits.tolist()) == set(range(10))
        seen += rows
    assert len(set(seen)) == len(seen) == 1797


@pytest.mark.parametrize("train", [0, 1, -0.5, True, "half"])
def test_a_wrong_share_is_refused(train):
    with pytest.raises(ValueError, match="train: expected a share between 0 and 1, got"):
        digit_images(train)
