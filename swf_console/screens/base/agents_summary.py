"""All agents in one line, as the screens that look at them say it."""

from typing import TYPE_CHECKING

from ...backend.core.format import plural
from ...backend.core.sanitize import brief

if TYPE_CHECKING:
    from ...backend.services.agents.snapshot import AgentsSnapshot


def agents_summary(look: "AgentsSnapshot") -> str:
    """How many are up, what is wrong with the others, and what is missing."""
    up = sum(line.view.is_up for line in look.lines)
    parts = [f"{up} of {plural(len(look.lines), 'agent')} up"]
    if silent := sum(line.view.is_silent for line in look.lines):
        parts.append(f"{silent} silent")
    if failed := sum(line.view.is_failed for line in look.lines):
        parts.append(f"{failed} failed")
    if look.configuration and not look.configuration_trouble:
        needs = f"{look.configuration} needs {plural(len(look.missing), 'more')}".removesuffix("s")
        parts.append(needs if look.missing else f"nothing is missing for {look.configuration}")
    return brief(", ".join(parts), 300)
