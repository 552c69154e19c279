"""`testbed run|status|...`: the commands of the existing testbed, carried out by `swf-console`."""

import sys
from pathlib import Path

from .cli.main import main as console

# word -> command of swf-console and the words that it implies
COMMANDS: dict[str, tuple[str, ...]] = {
    "init": ("init",),
    "run": ("up",),
    "start": ("up", "--services"),
    "start-local": ("up", "--services"),
    "status": ("status",),
    "status-local": ("status",),
    "stop": ("down",),
    "stop-local": ("down",),
    "stop-agents": ("down",),
    "agent-manager": ("agent-manager",),
}
USAGE = """usage: testbed [--home DIR] COMMAND

  init [DIR]     make a home in DIR, or in this folder
  run [NAME]     start what NAME (or [workflow] of testbed.toml) needs, request an execution, return
  start          start the services that this home needs: embedded broker, monitor; start-local is the same
  status         show what is running, and one verdict; status-local is the same
  stop           stop the services and agents of this home; stop-local and stop-agents are the same
  agent-manager  take commands for this user's testbed from the broker, in the foreground

Options are those of swf-console init, up, status, down and agent-manager."""


def main() -> int:
    """Run one command; 2 for a word that is not a command."""
    words = sys.argv[1:]
    options: list[str] = []
    if words[:1] == ["--home"]:
        options, words = words[:2], words[2:]
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(USAGE + "\n")
        return 0 if words else 2
    command = COMMANDS.get(words[0])
    if command is None:
        sys.stderr.write(f"testbed: {words[0]!r} is not a command\n{USAGE}\n")
        return 2
    more = words[1:]
    if words[0] == "init" and not any(not word.startswith("-") for word in more):
        if Path("workflows/testbed.toml").is_file():
            sys.stdout.write("this folder is a home; start its services with: testbed start\n")
            return 0
        more = [".", *more]
    return console([*options, *command, *more])
