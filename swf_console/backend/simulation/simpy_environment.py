"""SimPy's environment, with delays checked where workflow code makes them."""

from heapq import heappush
from types import MethodType
from typing import Any

import simpy
from simpy.events import NORMAL, Event, EventPriority, Timeout

from ..core.errors import ExecutionFailed

INFINITY = float("inf")


class InvalidDelay(ExecutionFailed):
    """A delay that is not a finite number of seconds from 0."""


class CheckedEnvironment(simpy.Environment):
    """Refuses delays that are not finite numbers: NaN would break the order of the schedule silently."""

    def __init__(self) -> None:
        super().__init__(0.0)
        # SimPy 4.1 binds these early for its own class only: looking them up costs 5 % of a fast run
        for name in ("process", "event", "all_of", "any_of"):
            bound = getattr(self, name)
            if isinstance(bound, MethodType):
                setattr(self, name, bound)

    # the stubs of SimPy declare it as a method, the class has a BoundClass
    def timeout(self, delay: float = 0, value: Any | None = None) -> Timeout:
        """An event after `delay` simulated seconds. Raises InvalidDelay."""
        try:
            return Timeout(self, delay, value)
        except (TypeError, ValueError) as error:
            raise invalid(delay) from error

    def schedule(self, event: Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        """Schedule an event as simpy.Environment does. Raises InvalidDelay."""
        # written this way round, NaN is refused too
        if not 0 <= delay < INFINITY:
            raise invalid(delay)
        heappush(self._queue, (self._now + delay, priority, next(self._eid), event))


def invalid(delay: object) -> InvalidDelay:
    """The error for a delay that cannot be used."""
    text = repr(delay)
    shown = text if len(text) <= 80 else text[:77] + "..."
    return InvalidDelay(f"the delay {shown} is not a finite number of seconds, 0 or more")
