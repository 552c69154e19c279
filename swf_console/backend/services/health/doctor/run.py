"""Everything that this needs, checked one by one, each with what to do about it."""

from collections.abc import Callable, Iterator

from ....core.errors import SwfError
from ....core.settings import Settings
from .checks import Check, Question, fail
from .machine import MACHINE


def examine(load: Callable[[], Settings]) -> Iterator[Check]:
    """Every check in turn; where `load` cannot give settings, the checks that need none remain."""
    for question in MACHINE:
        yield question()
    try:
        settings = load()
    except SwfError as error:
        yield fail("settings", error.message, error.advice, error.exit_code)
        return
    # what they ask with may not be installed: the machine's checks have said so by now
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
