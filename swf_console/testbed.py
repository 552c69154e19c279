"""`testbed run|status|status-local|stop-agents`: the words of the testbed for `swf-console`."""

import sys

from .cli.main import main as console

COMMANDS = {"run": "up", "status": "status", "status-local": "status", "stop-agents": "down"}
USAGE = """usage: testbed run [NAME] | status | status-local | stop-agents

  run [NAME]    start what NAME (or [workflow] of testbed.toml) needs, ask for an execution, return
  status        what runs, what is up, one verdict
  status-local  the same
  stop-agents   stop the agents of this home

Options are those of swf-console up, status and down."""


def main() -> int:
    """Run one command; 2 for words it does not know."""
    words = sys.argv[1:]
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(USAGE + "\n")
        return 0 if words else 2
    command = COMMANDS.get(words[0])
    if command is None:
        sys.stderr.write(f"testbed: {words[0]!r} is no command\n{USAGE}\n")
        return 2
    return console([command, *words[1:]])
