"""What a check of the doctor is, and how it came out."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ....core.settings import Settings


class CheckResult(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked. `exit_code` is 3 where a backend fails, 2 for what can be fixed here."""

    name: str
    verdict: CheckResult
    found: str
    advice: str = ""
    exit_code: int = 0


Question = Callable[[Settings], Check]


def ok(name: str, found: str) -> Check:
    """It is as it should be."""
    return Check(name, CheckResult.OK, found)


def warn(name: str, found: str, advice: str) -> Check:
    """It works, and may bring trouble."""
    return Check(name, CheckResult.WARN, found, advice)


def fail(name: str, found: str, advice: str, exit_code: int = 2) -> Check:
    """It does not work."""
    return Check(name, CheckResult.FAIL, found, advice, exit_code)


def listed(items: list[Any], most: int = 3) -> str:
    """The first few, and how many more."""
    head = "; ".join(str(item) for item in items[:most])
    return head if len(items) <= most else f"{head}; and {len(items) - most} more"
