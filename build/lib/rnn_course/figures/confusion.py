"""The confusion matrix of a classifier, counted and drawn."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from rnn_course.figures.style import INK, SIZE, name_axes, white_axes, write_shares


def confusion_counts(truth: Sequence[int], predicted: Sequence[int], n: int) -> np.ndarray:
    """How often class i (row) was predicted as class j (column): (n, n) integers.

    Raises:
        ValueError: If there is no example, the lengths differ, or a class is outside 0 … n-1.
    """
    pair = []
    for name, values in (("truth", truth), ("predicted", predicted)):
        found = np.asarray(values)
        if found.ndim != 1 or not len(found) or not np.issubdtype(found.dtype, np.integer):
            raise ValueError(
                f"{name}: expected a sequence of classes, not empty, got shape "
                f"{found.shape} of {found.dtype}"
            )
        if found.min() < 0 or found.max() >= n:
            raise ValueError(
                f"{name}: expected classes 0 … {n - 1} (one for each label), got "
                f"{found.min()} … {found.max()}"
            )
        pair.append(found)
    if len(pair[0]) != len(pair[1]):
        raise ValueError(
            f"predicted: expected as many classes as truth has, {len(pair[0])}, got {len(pair[1])}"
        )
    return np.bincount(pair[0] * n + pair[1], minlength=n * n).reshape(n, n)


def confusion_matrix(
    truth: Sequence[int], predicted: Sequence[int], labels: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw which share of each true class (row) was predicted as each class (column).

    The label of a row gives its number of examples; a class without any has a grey row. The shares
    are written in if there are at most 8 classes.

    Raises:
        ValueError: If `confusion_counts` does.
    """
    counts = confusion_counts(truth, predicted, len(labels))
    n, examples = len(labels), counts.sum(1)
    empty = np.broadcast_to(examples[:, None] == 0, counts.shape)
    shares = np.ma.masked_array(counts / np.maximum(examples, 1)[:, None], empty)
    ax = white_axes(ax, 3.0 + max(2.4, 0.21 * n), 1.4 + max(2.4, 0.21 * n))
    image = ax.imshow(
        shares, vmin=0, vmax=1, cmap=mpl.colormaps["Blues"].with_extremes(bad="#DDDDDD")
    )
    ax.set_xticks(range(n), labels, rotation=90)
    ax.set_yticks(range(n), [f"{name} ({k})" for name, k in zip(labels, examples, strict=True)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if n <= 8:
        write_shares(ax, shares.filled(0))
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.7)
    bar.ax.tick_params(colors=INK, labelsize=SIZE - 1)
    bar.set_label("share of the true class", fontsize=SIZE, color=INK)
    name_axes(ax, "predicted", "true (number of examples)")
    return ax
