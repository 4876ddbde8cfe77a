"""What is written on the cells of a notebook: by nbgrader, and by `build` on its checks."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def entry(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell's entry for nbgrader; an empty one if it has none, or none that can be read."""
    metadata = cell.get("metadata")
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def is_check(cell: Mapping[str, Any]) -> bool:
    """Is this cell marked by running it?"""
    found = entry(cell)
    return bool(found.get("grade")) and not found.get("solution") and cell["cell_type"] == "code"


def fingerprint(source: str) -> str:
    """What tells a check that was altered."""
    return sha256(source.strip().encode()).hexdigest()[:12]
