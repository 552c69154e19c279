"""Every tool, by name and by the prefixed name that assistants of other monitors use."""

from collections.abc import Mapping
from types import MappingProxyType

from ..tool import Tool
from . import agents, definitions, executions, logs, messages, namespaces, processing, system, testbed

PREFIX = "swf_"

# in the order of tools/list
TOOLS: tuple[Tool, ...] = (
    executions.start_workflow,
    executions.stop_workflow,
    executions.end_execution,
    definitions.list_workflow_definitions,
    executions.plan,
    executions.list_workflow_executions,
    executions.get_workflow_execution,
    executions.get_workflow_monitor,
    executions.list_workflow_monitors,
    messages.list_messages,
    processing.list_runs,
    processing.get_run,
    processing.list_stf_files,
    processing.get_stf_file,
    processing.list_tf_slices,
    processing.get_tf_slice,
    agents.list_agents,
    agents.get_agent,
    agents.kill_agent,
    namespaces.list_namespaces,
    namespaces.get_namespace,
    logs.list_logs,
    logs.get_log_entry,
    testbed.get_testbed_status,
    testbed.check_agent_manager,
    testbed.start_user_testbed,
    testbed.stop_user_testbed,
    system.get_system_state,
    system.list_available_tools,
    system.get_server_instructions,
    messages.send_message,
)
BY_NAME: Mapping[str, Tool] = MappingProxyType(
    {one.name: one for one in TOOLS} | {PREFIX + one.name: one for one in TOOLS}
)
