"""The text of an assignment as a template: what a key draws, and how it is filled in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any


def draw(choices: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Draw one of each: from a list one of its elements; from {from, to} a whole number."""
    generator = random.Random(sha256(key.encode()).digest())
    drawn: dict[str, Any] = {"seed": generator.randrange(1000)}
    for name, values in choices.items():
        if isinstance(values, list):
            drawn[name] = generator.choice(values)
        else:
            drawn[name] = generator.randint(values["from"], values["to"])
    return drawn


def render(text: str, drawn: Mapping[str, Any]) -> str:
    """Fill in what was drawn."""
    return _templates().from_string(text).render(drawn)


def value(expression: str, drawn: Mapping[str, Any]) -> Any:
    """What an expression of Jinja comes to, given what was drawn."""
    return _templates().compile_expression(expression)(**drawn)


def holds(expression: str, drawn: Mapping[str, Any]) -> bool:
    """Is an expression of Jinja true of what was drawn?"""
    return bool(value(expression, drawn))


@lru_cache
def _templates() -> Any:
    """Jinja, with an error for a name that is not drawn."""
    from jinja2 import Environment, StrictUndefined

    return Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
