"""All checks in turn, each with an advice."""

from collections.abc import Callable, Iterator

from ....core.errors import SwfError
from ....core.settings import Settings
from .checks import Check, CheckFunction, fail
from .machine import MACHINE


def run_checks(load: Callable[[], Settings]) -> Iterator[Check]:
    """Every check in turn; if `load` raises, only the checks that need no settings."""
    for check in MACHINE:
        yield check()
    try:
        settings = load()
    except SwfError as error:
        yield fail("settings", error.message, error.advice, error.exit_code)
        return
    # imported here: their libraries may be missing, which the checks of the machine have reported by now
    from .backends import BACKENDS
    from .home import HOME

    for with_settings in (*HOME, *BACKENDS):
        yield run_check(with_settings, settings)


def run_check(question: CheckFunction, settings: Settings) -> Check:
    """Run one check; an error becomes a failed check."""
    name = question.__name__.removeprefix("check_").replace("_", " ")
    try:
        return question(settings)
    except SwfError as error:
        return fail(name, error.message, error.advice, error.exit_code)
    except Exception as error:  # noqa: BLE001 (an error of one check must not prevent the others)
        return fail(name, f"{type(error).__name__}: {error}", "Report this as an error of swf-console")


def exit_code(checks: list[Check]) -> int:
    """3 if a backend failed, else 2 if another check failed, 4 if a backend has not answered yet, 0 if OK."""
    codes = {check.exit_code for check in checks}
    return next((code for code in (3, 2, 4) if code in codes), 0)
