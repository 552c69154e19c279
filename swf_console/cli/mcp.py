"""`swf-console mcp`: the operations of this home as MCP tools."""

import argparse

from ..backend.core.logs import log_to_file
from ..backend.core.settings import load_settings
from .arguments import check_port
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The permissions and the transport."""
    parser.add_argument(
        "--allow-write", action="store_true", help="allow tools that change something (read-only)"
    )
    parser.add_argument("--testbed-config", metavar="FILE", help="testbed.toml (workflows/testbed.toml)")
    parser.add_argument(
        "--http", action="store_true", help="serve http://HOST:PORT/mcp on this host instead of stdio"
    )
    parser.add_argument("--host", metavar="H", default="127.0.0.1", help="a loopback address (127.0.0.1)")
    parser.add_argument("--port", type=int, metavar="N", default=8003, help="port of --http (8003; 0: any)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until the client disconnects (stdio), or until SIGTERM or SIGINT."""
    from ..mcp.executor import ToolExecutor
    from ..mcp.tools import BY_NAME

    check_port(arguments)
    settings = load_settings(home=arguments.home, testbed_config=arguments.testbed_config)
    log_to_file(settings.logs_dir / "mcp.log")
    interface = "mcp over http" if arguments.http else "mcp"
    executor = ToolExecutor(settings, BY_NAME, allow_write=arguments.allow_write, interface=interface)
    try:
        if arguments.http:
            from ..backend.http_server.server import Listening
            from ..mcp.http import serve_http

            def up(url: str) -> None:
                say(f"MCP tools on {url}; Ctrl-C stops the server")

            serve_http(executor, Listening(arguments.host, arguments.port), up)
        else:
            from ..mcp.server import serve_stdio

            serve_stdio(executor)
    finally:
        executor.close()
    return 0
