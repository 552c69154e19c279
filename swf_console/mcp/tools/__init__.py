"""Every tool, under its name and under the one with a prefix that assistants of other monitors know."""

from collections.abc import Mapping
from types import MappingProxyType

from ..tool import Tool
from . import agents, executions, processing, system, testbed, workflows

PREFIX = "swf_"

TOOLS: tuple[Tool, ...] = (
    *workflows.TOOLS,
    *executions.TOOLS,
    *processing.TOOLS,
    *agents.TOOLS,
    *testbed.TOOLS,
    *system.TOOLS,
)
BY_NAME: Mapping[str, Tool] = MappingProxyType(
    {one.name: one for one in TOOLS} | {PREFIX + one.name: one for one in TOOLS}
)
