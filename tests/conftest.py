"""What several test files need."""

from pathlib import Path

import pytest
from hypothesis import settings

# A shared machine may stall at any moment, and the same examples come every time.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return Path(__file__).resolve().parent.parent
