"""The one-line summary of all agents."""

from typing import TYPE_CHECKING

from ...backend.core.format import plural
from ...backend.core.sanitize import brief

if TYPE_CHECKING:
    from ...backend.services.agents.snapshot import AgentsSnapshot


def agents_summary(snapshot: "AgentsSnapshot") -> str:
    """How many agents are up, silent, failed and missing."""
    up = sum(line.view.is_up for line in snapshot.lines)
    parts = [f"{up} of {plural(len(snapshot.lines), 'agent')} up"]
    if silent := sum(line.view.is_silent for line in snapshot.lines):
        parts.append(f"{silent} silent")
    if failed := sum(line.view.is_failed for line in snapshot.lines):
        parts.append(f"{failed} failed")
    if snapshot.configuration and not snapshot.configuration_trouble:
        needs = f"{snapshot.configuration} needs {plural(len(snapshot.missing), 'more')}".removesuffix("s")
        parts.append(needs if snapshot.missing else f"nothing is missing for {snapshot.configuration}")
    return brief(", ".join(parts), 300)
