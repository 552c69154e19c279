"""Agents in the database, and their processes under supervisord."""

from dataclasses import dataclass

from ...core.errors import UsageError
from ...core.settings import Settings
from ...core.suggest import suggest
from ...database import Database, agents
from ...database.records.agents import Agent, AgentFilter
from ...database.records.pages import Page
from ...supervisor.base import ProcessStatus
from .status import probe_supervisor

SUGGESTED_FROM = 200


@dataclass(frozen=True, slots=True)
class AgentDetail:
    """An agent by its heartbeat, and its process if it belongs to this user's supervisord."""

    agent: Agent
    process: ProcessStatus | None


def list_agents(
    database: Database, wanted: AgentFilter, after: str | None = None, limit: int = 50
) -> Page[Agent]:
    """Agents, the last registered first."""
    with database.read() as connection:
        return agents.page(connection, wanted, after, limit)


def find_agent(settings: Settings, database: Database, name: str) -> AgentDetail:
    """An agent by its name. Raises UsageError with the nearest names."""
    with database.read() as connection:
        found = agents.get(connection, name)
        known = [] if found else agents.page(connection, limit=SUGGESTED_FROM).items
    if found is None:
        names = [agent.instance_name for agent in known]
        advice = suggest(name, names, otherwise="List them: swf-console agents")
        raise UsageError(f"agent not found: {name[:100]!r}", advice)
    return AgentDetail(found, process_of(settings, found))


def process_of(settings: Settings, agent: Agent) -> ProcessStatus | None:
    """The agent's process under this user's supervisord, or None."""
    if agent.pid is None or agent.hostname != settings.host or agent.operational_state == "EXITED":
        return None
    processes = probe_supervisor(settings).processes
    return next((process for process in processes if process.pid == agent.pid), None)
