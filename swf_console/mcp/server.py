"""The tools as a server of the MCP SDK, over stdin and stdout."""

import json
import logging
import os
import signal
from functools import partial
from types import FrameType
from typing import Any

import anyio
import mcp_types as types
from anyio import CapacityLimiter, to_thread
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from .. import __version__
from .executor import ToolExecutor, ToolResult
from .tool import Tool

log = logging.getLogger(__name__)

# calls block in threads; a client may send any number at the same time
CALLS_AT_ONCE = 8
FINISH_SECONDS = 10.0


def build(executor: ToolExecutor) -> Server[Any]:
    """The MCP server of the executor's tools, for any transport."""
    limiter = CapacityLimiter(CALLS_AT_ONCE)
    listed = types.ListToolsResult(tools=[described(name, one) for name, one in executor.tools.items()])

    async def on_list_tools(
        _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return listed

    async def on_call_tool(
        _context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = executor.tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"unknown tool: {params.name[:100]!r}")
        call = partial(executor.call, tool, params.arguments or {})
        return result_of(await to_thread.run_sync(call, limiter=limiter))

    return Server(
        "swf-console",
        version=__version__,
        instructions=executor.instructions,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )


def described(name: str, tool: Tool) -> types.Tool:
    """The description of a tool for clients."""
    hints = types.ToolAnnotations(read_only_hint=not tool.writes, destructive_hint=tool.destroys)
    return types.Tool(name=name, description=tool.about, input_schema=tool.schema(), annotations=hints)


def result_of(result: ToolResult) -> types.CallToolResult:
    """A result for clients: a JSON object, and the same as text."""
    text = json.dumps(result.document, ensure_ascii=False)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=result.document,
        is_error=result.is_error,
    )


def serve_stdio(executor: ToolExecutor) -> None:
    """Serve one client until it closes stdin, or until SIGTERM or SIGINT; finishes a running write."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, partial(_end_by_signal, executor))
    anyio.run(_serve_stdio, build(executor))


async def _serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _end_by_signal(executor: ToolExecutor, number: int, _frame: FrameType | None) -> None:
    # the SDK's thread that reads stdin cannot be interrupted and would keep the interpreter from exiting
    log.info("stopped by %s", signal.Signals(number).name)
    executor.wait_idle(FINISH_SECONDS)
    os._exit(130 if number == signal.SIGINT else 0)
