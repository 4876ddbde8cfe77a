"""Does a test kill a bug? It fails on the bug, at an assertion, and passes on all that is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

RUNS, RUNS_OF_A_FUNCTION = 5, 20
"""A test is run so many times on each version, with other random numbers each time.

A network has fresh parameters in each run; a function is the same in all of them, so that only the
test itself can bring luck in, and more runs are needed to see it."""

Test = Callable[[Any], None]


def kills(test: Test, broken: Any, right: Any, runs: int | None = None) -> None:
    """Assert that a test fails on what is broken, at an assertion, and passes on what is right.

    Args:
        test: A function of one argument, a version, that asserts what should hold of it.
        broken: The version with the bug, or a list of such. A class is called without arguments
            before each run, and the test gets a fresh network; anything else is handed over as it
            is.
        right: A version without the bug, or a list of versions, written differently.
        runs: How often the test is run on each; by default `RUNS` times on a network, and
            `RUNS_OF_A_FUNCTION` times on anything else.

    Raises:
        AssertionError: If the test does not kill the bug; the message says what it does instead.
        NotImplementedError: If the test is not written yet.
    """
    if not callable(test):
        raise AssertionError(f"expected a function that tests, got {type(test).__name__}")
    on_bugs = [_outcomes(test, version, runs) for version in _listed(broken)]
    on_repairs = [_outcomes(test, version, runs) for version in _listed(right)]
    wrong = _stops(on_bugs, on_repairs) or _sentence(on_bugs, on_repairs)
    if wrong:
        raise AssertionError(wrong)


Outcome = tuple[str, str]
"""What came of one run: "passes", "fails" (an assertion), "stops" or "returns"; and the details."""


def _outcomes(test: Test, version: Any, runs: int | None) -> list[Outcome]:
    """What comes of a test on fresh copies of a version; the caller's random state is kept."""
    fresh = isinstance(version, type)
    with torch.random.fork_rng(devices=[]):
        outcomes = []
        for run in range(runs or (RUNS if fresh else RUNS_OF_A_FUNCTION)):
            torch.manual_seed(run)
            outcomes.append(_outcome(test, version() if fresh else version))
    return outcomes


def _outcome(test: Test, version: Any) -> Outcome:
    try:
        returned: Any = test(version)  # type: ignore[func-returns-value]
    except NotImplementedError:
        raise
    except AssertionError as error:
        return "fails", str(error).strip().split("\n")[0]
    except Exception as error:
        return "stops", f"{type(error).__name__}: {error}"
    return ("passes", "") if returned is None else ("returns", repr(returned)[:40])


def _stops(on_bugs: Sequence[list[Outcome]], on_repairs: Sequence[list[Outcome]]) -> str:
    """What to say of a test that does not come to its assertions; "" if it always does."""
    places = ("on the bug", on_bugs), ("on a right version", on_repairs)
    for where, outcomes in places:
        for kind, details in (each for version in outcomes for each in version):
            if kind == "stops":
                return (
                    f"your test stops {where} with {details}. The code runs, bug or no bug; a test "
                    "has to run as well, and fail only where it asserts something"
                )
            if kind == "returns":
                return f"your test returns {details}, which nobody looks at: assert it instead"
    return ""


def _sentence(on_bugs: Sequence[list[Outcome]], on_repairs: Sequence[list[Outcome]]) -> str:
    """What to say of a test that does not kill; "" if it does."""
    bugs, repairs = map(_failures, on_bugs), map(_failures, on_repairs)
    missed, refused = [each < 1 for each in bugs], [each > 0 for each in repairs]
    said = next((text for version in on_repairs for _, text in version if text), "")
    said = f" It says: {said}." if said else ""
    if all(missed) and all(refused):
        return (
            "your test has it the wrong way round: it passes on the bug, and fails on what is "
            f"right. Assert what should hold of a right version.{said}"
        )
    if all(refused):
        return (
            "your test fails on the bug and on what is right: it asks for more than is true. Ask "
            f"only for what a right version promises, up to rounding.{said}"
        )
    if any(refused):
        return (
            "your test passes on one right version and fails on another: it looks at how the code "
            f"is written, or at luck, and not at what it does.{said}"
        )
    for outcomes, share in zip(on_bugs, map(_failures, on_bugs), strict=True):
        if 0 < share < 1:
            runs = len(outcomes)
            return (
                f"your test finds the bug in {round(share * runs)} of {runs} runs: the cases that "
                "it draws do not always show it. Choose one in which the bug has to show"
            )
    if all(missed):
        return (
            "your test passes on what is right, and on the bug as well: it never looks where they "
            "differ, or rounding alone satisfies it. Find an input for which the two give clearly "
            "different results"
        )
    if any(missed):
        return "your test finds the bug, but not the same bug written differently"
    return ""


def _failures(outcomes: list[Outcome]) -> float:
    """The share of runs that fail."""
    return sum(kind == "fails" for kind, _ in outcomes) / len(outcomes)


def _listed(versions: Any) -> list[Any]:
    return list(versions) if isinstance(versions, list | tuple) else [versions]
