"""What a figure shows, in words."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch


def alt(figure: Axes | Figure) -> str:
    """A figure in words, for readers who cannot see it: its title, axes and each series."""
    if not isinstance(figure, Axes | Figure):
        raise TypeError(f"figure: expected Axes or a Figure, got {type(figure).__name__}")
    words: list[str] = []
    for ax in [figure] if isinstance(figure, Axes) else figure.axes:
        words += [ax.get_title()]
        labels = {"across": ax.get_xlabel(), "upwards": ax.get_ylabel()}
        words += [f"{which}: {text}" for which, text in labels.items() if text]
        for line in ax.lines:
            label, heights = str(line.get_label()), np.asarray(line.get_ydata())
            if len(heights) and not label.startswith("_"):
                words += [f"{label}: from {heights[0]:.3g} to {heights[-1]:.3g}"]
        names = [text.get_text() for text in ax.get_yticklabels()]
        for right in ax.child_axes:  # the numbers beside `dots`
            numbers = [text.get_text() for text in right.get_yticklabels()]
            words += [f"{name}: {number}" for name, number in zip(names, numbers, strict=False)]
        for image in ax.images:  # `confusion_matrix`
            shares: np.ma.MaskedArray = np.ma.asarray(image.get_array())
            words += [
                f"{name}, predicted correctly: {share:.2f}"
                for name, share in zip(names, np.ma.diagonal(shares), strict=False)
                if share is not np.ma.masked
            ]
        edges: dict[str, list[str]] = {}
        for arrow in ax.patches:  # `unfolded`
            if isinstance(arrow, FancyArrowPatch) and (parameters := arrow.get_gid()):
                edges.setdefault(parameters, []).append(str(arrow.get_label()))
        words += [f"edges {parameters}: {', '.join(ends)}" for parameters, ends in edges.items()]
    return ". ".join(word.replace("\n", "; ").replace("$", "") for word in words if word) + "."
