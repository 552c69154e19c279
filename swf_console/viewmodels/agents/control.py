"""Starting and stopping agents from a screen."""

from collections import Counter
from collections.abc import Sequence

from ...backend.core.errors import TimedOut
from ...backend.services.agents.control import change_agents
from .monitor import AgentSource


def change(source: AgentSource, action: str, names: Sequence[str]) -> str:
    """Start, stop or restart these programs; returns what each did.

    Raises SupervisorUnreachable, UsageError, and TimedOut if one is not in the wanted state.
    """
    lines = change_agents(source.settings, action, names, supervisor=source.supervisor)
    trouble = [f"{line.name}: {line.trouble}" for line in lines if line.trouble]
    if trouble:
        raise TimedOut("; ".join(trouble), "See its log")
    did = Counter(line.did for line in lines)
    return ", ".join(f"{count} {what}" if len(lines) > 1 else what for what, count in did.items())
