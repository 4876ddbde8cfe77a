"""What a statement's verdict rests on: the figure found, beside what it is held against.

`ledger.toml` says which figures of `settle` these are; the figures come from the executed chapter.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

ROLES = ("found", "baseline", "limit")


class Bar(NamedTuple):
    """One bar of a chart: what it is called, and which figure it shows.

    Attributes:
        role: "found", "baseline" (what that is held against) or "limit" (the most that can be).
    """

    role: str
    label: str
    figure: str


class Drawn(NamedTuple):
    """A bar with its figure.

    Attributes:
        text: The figure as the chapter prints it.
        share: Its length, from 0 to 1.
    """

    role: str
    label: str
    text: str
    share: float


@dataclass(frozen=True)
class Effect:
    """The figures of one statement on one scale.

    Labels and scale may name figures in braces: "{words} words later".

    Attributes:
        scale: What is counted, such as "new names right".
    """

    scale: str
    bars: tuple[Bar, ...]

    def title(self, figures: Mapping[str, str]) -> str:
        """The scale in words."""
        return self.scale.format_map(figures)

    def draw(self, figures: Mapping[str, str]) -> list[Drawn]:
        """Take the figures by name, as printed, and give each bar its length.

        A scale of shares ends at 1, of percentages at 100; any other at its largest figure.

        Raises:
            ValueError: If a figure is missing, or is not a number.
        """
        wanted = {bar.figure for bar in self.bars} | named(self.scale)
        wanted |= {name for bar in self.bars for name in named(bar.label)}
        if missing := sorted(wanted - set(figures)):
            raise ValueError(f"no figure {', '.join(missing)} among {', '.join(figures) or 'none'}")
        texts = [figures[bar.figure] for bar in self.bars]
        values = [number(text) for text in texts]
        end = 100 if texts[0].endswith("%") else max(*values, 1)
        return [
            Drawn(bar.role, bar.label.format_map(figures), text, value / end)
            for bar, text, value in zip(self.bars, texts, values, strict=True)
        ]


def named(text: str) -> set[str]:
    """The figures that a text names in braces."""
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def number(text: str) -> float:
    """Read a figure as it is printed: "17,396", "65%", "2.7e-05".

    Raises:
        ValueError: If it is none.
    """
    return float(text.replace(",", "").removesuffix("%"))


def read(row: Any) -> Effect:
    """Read the table `effect` of a statement.

    Raises:
        ValueError: If it is malformed.
    """
    if not isinstance(row, dict) or not {"scale", "found"} <= set(row) <= {"scale", *ROLES}:
        raise ValueError("effect: expected scale and found, with or without baseline and limit")
    bars: Sequence[Bar] = [
        Bar(role, label, figure) for role in ROLES for label, figure in row.get(role, {}).items()
    ]
    if not all(isinstance(bar.figure, str) for bar in bars):
        raise ValueError("effect: a bar is the name of a figure, not a figure")
    if not row["found"]:
        raise ValueError("effect: nothing is found")
    return Effect(row["scale"], tuple(bars))
