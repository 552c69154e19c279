"""The one-line summary of all agents."""

from typing import TYPE_CHECKING

from ...backend.core.format import plural
from ...backend.core.sanitize import brief

if TYPE_CHECKING:
    from ...backend.services.agents.snapshot import AgentsSnapshot


def agents_summary(snapshot: "AgentsSnapshot") -> str:
    """The number of agents that are running, without heartbeat, failed and missing."""
    up = sum(line.view.is_up for line in snapshot.lines)
    parts = [f"{up} of {plural(len(snapshot.lines), 'agent')} running"]
    if silent := sum(line.view.is_silent for line in snapshot.lines):
        parts.append(f"{silent} without heartbeat")
    if failed := sum(line.view.is_failed for line in snapshot.lines):
        parts.append(f"{failed} failed")
    if snapshot.configuration and not snapshot.configuration_trouble:
        missing = plural(len(snapshot.missing), "agent")
        verb = "is" if len(snapshot.missing) == 1 else "are"
        parts.append(
            f"{missing} that {snapshot.configuration} needs {verb} not running"
            if snapshot.missing
            else f"all agents that {snapshot.configuration} needs are running"
        )
    return brief(", ".join(parts), 300)
