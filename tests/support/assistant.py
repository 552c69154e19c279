"""An assistant: the client of the protocol's own SDK, for a server in this process or in one of its own."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters, stdio_client
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import Tool


@dataclass(frozen=True)
class CallResult:
    """What a tool answered."""

    document: dict[str, Any]
    failed: bool

    @property
    def items(self) -> list[dict[str, Any]]:
        """The rows of a list."""
        found: list[dict[str, Any]] = self.document["items"]
        return found


async def call(client: Client, tool: str, /, **arguments: Any) -> CallResult:
    """Call one tool; its text has to say the same as its data."""
    result = await client.call_tool(tool, arguments)
    (part,) = result.content
    document: dict[str, Any] = json.loads(part.text)  # type: ignore[union-attr]
    assert document == result.structured_content
    return CallResult(document, result.is_error)


class Assistant:
    """Calls tools of a server in this process, a connection for each call."""

    def __init__(self, server: Server[Any]) -> None:
        self._server = server

    def __call__(self, tool: str, /, **arguments: Any) -> CallResult:
        async def one() -> CallResult:
            async with Client(self._server) as client:
                return await call(client, tool, **arguments)

        return anyio.run(one)

    def refusal(self, tool: str) -> str:
        """The protocol's own error for a call."""

        async def one() -> str:
            async with Client(self._server) as client:
                try:
                    await client.call_tool(tool, {})
                except MCPError as error:
                    return str(error)
            raise AssertionError(f"{tool} was called")

        return anyio.run(one)

    def tools(self) -> list[Tool]:
        """What the server lists."""

        async def listed() -> list[Tool]:
            async with Client(self._server) as client:
                return (await client.list_tools()).tools

        return anyio.run(listed)


def over_stdio(home: Path, environment: Mapping[str, str], *arguments: str) -> Client:
    """A client of `swf-console mcp` as a process of its own; to be entered."""
    words = ["-m", "swf_console", "--home", str(home), "mcp", *arguments]
    told = StdioServerParameters(command=sys.executable, args=words, env=dict(environment), cwd=home)
    return Client(stdio_client(told))
