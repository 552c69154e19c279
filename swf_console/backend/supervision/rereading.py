"""Rereading the configuration: supervisord only reports what is new, so we apply it."""

import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any
from xmlrpc.client import Fault

from ..errors import TimedOut, UsageError
from .daemon import reason_in
from .records import Changes, ProcessStatus
from .rpc import ALREADY_ADDED, BAD_NAME, CANT_REREAD, NOT_RUNNING

STOP_SECONDS = 25.0
LOOK_SECONDS = 0.05
HARMLESS = (ALREADY_ADDED, BAD_NAME, NOT_RUNNING)

Calls = Callable[[Sequence[tuple[str, tuple[Any, ...]]]], list[Any]]


def reread(calls: Calls, processes: Callable[[], tuple[ProcessStatus, ...]]) -> Changes:
    """Apply added, changed and removed groups; a changed group's processes start again where they ran.

    Raises UsageError where the configuration cannot be read: nothing has changed then.
    """
    (answer,) = calls([("supervisor.reloadConfig", ())])
    if isinstance(answer, Fault):
        if answer.faultCode == CANT_REREAD:
            reason = reason_in(answer.faultString.removeprefix("CANT_REREAD: "))
            raise UsageError(f"supervisord cannot read its configuration: {reason}", "Correct that file")
        raise UsageError(f"supervisord did not read its configuration: {answer.faultString}")
    added, changed, removed = (tuple(sorted(names)) for names in answer[0])
    running = [one for one in processes() if one.group in changed and not one.state.ended]
    _stop(calls, processes, {*changed, *removed})
    _ask(calls, "supervisor.removeProcessGroup", [*changed, *removed])
    _ask(calls, "supervisor.addProcessGroup", [*changed, *added])
    _start_again(calls, processes, running)
    return Changes(added, changed, removed)


def _stop(calls: Calls, processes: Callable[[], tuple[ProcessStatus, ...]], groups: set[str]) -> None:
    if not groups:
        return
    alive = [one for one in processes() if one.group in groups and not one.state.ended]
    calls([("supervisor.stopProcess", (one.name, False)) for one in alive])
    deadline, pause = time.monotonic() + STOP_SECONDS, Event()
    while late := [one.name for one in processes() if one.group in groups and not one.state.ended]:
        if time.monotonic() > deadline:
            raise TimedOut(f"{', '.join(late)}: not stopped within {STOP_SECONDS:g} s", "Try again")
        pause.wait(LOOK_SECONDS)


def _start_again(
    calls: Calls, processes: Callable[[], tuple[ProcessStatus, ...]], ran: Sequence[ProcessStatus]
) -> None:
    """Start a group whole where any of it ran: it may have more processes than before."""
    groups = {one.group for one in ran}
    idle = [one.name for one in processes() if one.group in groups and one.state.ended]
    _ask(calls, "supervisor.startProcess", idle, False)


def _ask(calls: Calls, method: str, names: Sequence[str], *more: Any) -> None:
    for name, answer in zip(names, calls([(method, (name, *more)) for name in names]), strict=True):
        if isinstance(answer, Fault) and answer.faultCode not in HARMLESS:
            raise UsageError(f"{name}: supervisord refused: {answer.faultString}")
