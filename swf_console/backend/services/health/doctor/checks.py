"""A check of the doctor and its result."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ....core.errors import TimedOut
from ....core.settings import Settings


class CheckResult(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `exit_code` is 3 if a backend fails, 4 if it has not answered, 2 for the user to fix."""

    name: str
    verdict: CheckResult
    found: str
    advice: str = ""
    exit_code: int = 0


CheckFunction = Callable[[Settings], Check]


def ok(name: str, found: str) -> Check:
    """A check without a problem."""
    return Check(name, CheckResult.OK, found)


def warn(name: str, found: str, advice: str) -> Check:
    """A check with a problem that does not prevent a run."""
    return Check(name, CheckResult.WARN, found, advice)


def fail(name: str, found: str, advice: str, exit_code: int = 2) -> Check:
    """A check with a problem that prevents a run."""
    return Check(name, CheckResult.FAIL, found, advice, exit_code)


def no_answer(name: str, place: str, text: str | None, advice: str) -> Check:
    """A backend without an answer yet: no proof that it is down, no proof that a run works."""
    found = ", ".join(part for part in (place, text) if part)
    return Check(name, CheckResult.WARN, found, advice, TimedOut.exit_code)


def listed(items: list[Any], most: int = 3) -> str:
    """The first items, and the number of others."""
    head = "; ".join(str(item) for item in items[:most])
    return head if len(items) <= most else f"{head}; and {len(items) - most} more"
