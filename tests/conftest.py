"""Settings and fixtures that several test files need."""

from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings
from matplotlib import pyplot as plt

matplotlib.use("agg")  # no screen

# No deadline, since a shared machine may stall at any moment; the same examples every time.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


# These take longest: first, lest at the end one process waits for another.
LONG = {"test_falsify.py", "test_solved.py", "test_wheel.py"}


def pytest_collection_modifyitems(items):
    """Put the long tests first, and leave the others in their order."""
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_terminal_summary(terminalreporter):
    """Print what tests measured and recorded, such as how long each chapter took."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if report.when == "call":
            for name, measured in report.user_properties:
                terminalreporter.write_line(f"{name}: {measured}")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def ax():
    """Axes to draw into."""
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)
