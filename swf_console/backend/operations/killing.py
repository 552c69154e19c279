"""Ending one agent's process, and only where this user's supervisord owns it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ..database import Database, agents
from ..errors import Refused
from ..settings import Settings
from ..supervision.records import Outcome, ProcessStatus
from ..supervision.supervisor import Supervisor
from .agent_listing import find_agent
from .agent_programs import supervisor_of
from .orchestration import AgentLine, line_of


@dataclass(frozen=True, slots=True)
class Killed:
    """The process that was ended; supervisord does not start it again by itself."""

    name: str
    process: AgentLine


def kill_agent(
    settings: Settings, database: Database, name: str, *, supervisor: Supervisor | None = None
) -> Killed:
    """End the process of an agent, by the agent's name or its program's: SIGTERM, then SIGKILL.

    Raises UsageError for an unknown name, SupervisorUnreachable, and Refused for an agent whose process is
    not one of this user's supervisord: on another host, of another user, or started by hand.
    """
    owner = supervisor or supervisor_of(settings)
    processes = owner.processes()
    chosen = next((one for one in processes if name in (one.name, one.process)), None)
    agent_name = None
    if chosen is None:
        chosen = _process_of_agent(settings, database, name, processes)
        agent_name = name
    if chosen.pid is None:
        raise Refused(f"{chosen.name} does not run: it is {chosen.state}")
    (outcome,) = owner.stop([chosen.name])
    _note_end(settings, database, chosen.pid, outcome)
    return Killed(agent_name or chosen.name, line_of(outcome))


def _process_of_agent(
    settings: Settings, database: Database, name: str, processes: tuple[ProcessStatus, ...]
) -> ProcessStatus:
    agent = find_agent(settings, database, name).agent
    if agent.hostname != settings.host:
        raise Refused(f"{name} lives on {agent.hostname or 'an unknown host'}, not here ({settings.host})")
    found = next((one for one in processes if one.pid is not None and one.pid == agent.pid), None)
    if found is None or agent.operational_state == "EXITED":
        said = f"process {agent.pid}" if agent.pid else "no process"
        raise Refused(
            f"{name} has {said}, which the supervisord of {settings.user} does not own",
            "Only what it started can be ended here: swf-console agents",
        )
    return found


def _note_end(settings: Settings, database: Database, pid: int, outcome: Outcome) -> None:
    """An agent that could not say goodbye is shown as gone all the same."""
    if not outcome.status.state.ended:
        return
    with database.write() as connection:
        for agent in agents.present(connection, 1_000):
            if agent.pid == pid and agent.hostname == settings.host:
                agents.leave(connection, agent.instance_name, datetime.now(UTC))
