"""What a person does to agents: start, stop, restart, signal, read their logs, end orphans."""

from collections.abc import Iterator, Sequence
from threading import Event

from ..errors import UsageError
from ..settings import Settings
from ..supervision.logs import LogFollower, last_lines
from ..supervision.names import select
from ..supervision.records import Orphan, Outcome
from .agent_programs import supervisor_of
from .orchestration import AgentLine, line_of


def change_agents(
    settings: Settings, action: str, names: Sequence[str], signal_name: str | None = None
) -> tuple[AgentLine, ...]:
    """`start` (supervisord too), `stop`, `restart` or `signal` these; a line for each process.

    Raises SupervisorUnreachable, and UsageError for a name that is not there.
    """
    supervisor = supervisor_of(settings)
    outcomes: tuple[Outcome, ...]
    match action:
        case "start" | "restart":
            supervisor.ensure_running()
            outcomes = supervisor.start(names) if action == "start" else supervisor.restart(names)
        case "stop":
            outcomes = supervisor.stop(names)
        case _:
            outcomes = supervisor.signal(names, signal_name or "")
    return tuple(line_of(outcome) for outcome in outcomes)


def follow_log(settings: Settings, name: str, count: int, *, follow: bool) -> Iterator[str]:
    """The last `count` lines of a process's log, and with `follow` what comes, until the caller stops.

    Raises UsageError for a name that stands for several processes, or has no log yet.
    """
    chosen = select(supervisor_of(settings).processes(), [name])
    if len(chosen) != 1:
        raise UsageError(f"{name} is several processes", f"Name one: {', '.join(one.name for one in chosen)}")
    path = chosen[0].log_file
    if path is None or not path.exists():
        raise UsageError(f"{name} has no log yet", f"Start it: swf-console agents start {name}")
    if not follow:
        yield from last_lines(path, count)
        return
    follower = LogFollower(path, last_lines=count)
    for line in follower.follow(Event()):
        yield line.text


def find_orphans(settings: Settings, *, end: bool) -> tuple[Orphan, ...]:
    """Processes that outlived their supervisord; with `end` they are ended."""
    supervisor = supervisor_of(settings)
    return supervisor.end_orphans() if end else supervisor.orphans()
