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
        name, count = snapshot.configuration, len(snapshot.missing)
        verb = "is" if count == 1 else "are"
        parts.append(f"{count} needed by {name} {verb} not" if count else f"all that {name} needs")
    return brief(", ".join(parts), 300)
