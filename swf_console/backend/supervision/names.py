"""Which processes a name means: a process, `group:process`, a group, `group:*`, `all`."""

import signal
from collections.abc import Sequence

from ..errors import UsageError
from ..nearest import nearest
from .records import ProcessStatus
from .supervisor import EVERYTHING


def select(processes: Sequence[ProcessStatus], names: Sequence[str]) -> tuple[ProcessStatus, ...]:
    """The processes that `names` mean, each once, in supervisord's order.

    UsageError, with the nearest names, where one means none.
    """
    wanted: set[str] = set()
    for name in names:
        found = [one.name for one in processes if _means(name, one)]
        if not found and name != EVERYTHING:
            raise UsageError(f"{name}: there is no such process", _nearest(processes, name))
        wanted.update(found)
    return tuple(one for one in processes if one.name in wanted)


def known_signal(name: str) -> str:
    """The name of a signal without its SIG; UsageError where there is none of that name."""
    short = name.upper().removeprefix("SIG")
    if f"SIG{short}" not in signal.Signals.__members__:
        raise UsageError(f"{name}: there is no such signal", "Name one: HUP, INT, QUIT, TERM, USR1, USR2")
    return short


def _means(name: str, one: ProcessStatus) -> bool:
    return name in (EVERYTHING, one.name, one.process, one.group, f"{one.group}:*")


def _nearest(processes: Sequence[ProcessStatus], name: str) -> str:
    known = sorted({word for one in processes for word in (one.name, one.group)})
    near = nearest(name, known) or known
    return f"Known are: {', '.join(near)}" if near else "agents.supervisord.conf has no programs"
