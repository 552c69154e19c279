"""`testbed run|status|status-local|stop-agents`: the testbed's names for commands of `swf-console`."""

import sys

from .cli.main import main as console

COMMANDS = {"run": "up", "status": "status", "status-local": "status", "stop-agents": "down"}
USAGE = """usage: testbed run [NAME] | status | status-local | stop-agents

  run [NAME]    start what NAME (or [workflow] of testbed.toml) needs, request an execution, return
  status        show broker, database, agents and executions
  status-local  the same as status
  stop-agents   stop the agents of this home

The options are those of swf-console up, status and down."""


def main() -> int:
    """Run one command; 2 for an unknown one."""
    words = sys.argv[1:]
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(USAGE + "\n")
        return 0 if words else 2
    command = COMMANDS.get(words[0])
    if command is None:
        sys.stderr.write(f"testbed: unknown command {words[0]!r}\n{USAGE}\n")
        return 2
    return console([command, *words[1:]])
