"""Everything that this needs, checked one by one, each with what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ....core.errors import SwfError
from ....core.settings import Settings


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked. `exit_code` is 3 where a backend fails, 2 for what can be mended here."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""
    exit_code: int = 0


Question = Callable[[Settings], Check]


def ok(name: str, found: str) -> Check:
    """It is as it should be."""
    return Check(name, Verdict.OK, found)


def warn(name: str, found: str, advice: str) -> Check:
    """It works, and may bring trouble."""
    return Check(name, Verdict.WARN, found, advice)


def fail(name: str, found: str, advice: str, exit_code: int = 2) -> Check:
    """It does not work."""
    return Check(name, Verdict.FAIL, found, advice, exit_code)


def examine(load: Callable[[], Settings]) -> Iterator[Check]:
    """Every check in turn; where `load` cannot give settings, the checks that need none remain."""
    from .machine import MACHINE

    for question in MACHINE:
        yield question()
    try:
        settings = load()
    except SwfError as error:
        yield fail("settings", error.message, error.advice, error.exit_code)
        return
    from .backends import BACKENDS
    from .home import HOME

    for check in (*HOME, *BACKENDS):
        yield asked(check, settings)


def asked(question: Question, settings: Settings) -> Check:
    """Put one question; an error is its answer."""
    name = question.__name__.removeprefix("check_").replace("_", " ")
    try:
        return question(settings)
    except SwfError as error:
        return fail(name, error.message, error.advice, error.exit_code)
    except Exception as error:  # noqa: BLE001 (a doctor falls ill of nothing that it finds)
        return fail(name, f"{type(error).__name__}: {error}", "Report this as an error of swf-console")


def exit_code(checks: list[Check]) -> int:
    """0 where nothing failed, else 3 where a backend did, else 2."""
    return max((check.exit_code for check in checks), default=0)


def size(count: float) -> str:
    """Bytes in a larger unit."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def listed(items: list[Any], most: int = 3) -> str:
    """The first few, and how many more."""
    head = "; ".join(str(item) for item in items[:most])
    return head if len(items) <= most else f"{head}; and {len(items) - most} more"
