"""`python -m swf_console.launch WHAT`: what supervisord runs in place of a program.

WHAT is a script of the home, `-m MODULE ...`, or `@NAME` for a declared program. It reads the environment
that was written last, writes the PID file, and executes the program, or reports in one line why not.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ..core.files import read_json, write_private
from .base import Explanation
from .pidfiles import AlreadyRunning, claim

# files that the console writes for the launcher, and variables that supervisord sets
ENVIRONMENT = "environment.json"
PROGRAMS = "programs.json"
SUPERVISORS_OWN = "SUPERVISOR_"
SERVER_URL = "SUPERVISOR_SERVER_URL"
PROCESS_NAME = "SUPERVISOR_PROCESS_NAME"
GROUP_NAME = "SUPERVISOR_GROUP_NAME"
# a program of its own: XML-RPC takes longer to import than everything that a start needs
WITHDRAW = "swf_console.backend.supervisor.withdraw"
VIRTUAL_ENVIRONMENT = ".venv"
USES_PACKAGE = re.compile(rb"^\s*(from|import)\s+(swf_console|_base)\b", re.MULTILINE)
# the environment of a program, and whether it uses this package -> where broker and monitor of its home are
Addresses = Callable[[Mapping[str, str], bool], Mapping[str, str]]
USUAL_UMASK = 0o022  # the default of supervisord, for a home that no console has used
CONFIGURATION_EXIT_CODE = 78  # EX_CONFIG of sysexits.h


class LaunchRefused(Exception):
    """Why the program cannot be started, and what to do."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason, self.advice = reason, advice


@dataclass(frozen=True, slots=True)
class Launch:
    """What to execute."""

    command: list[str]
    environment: dict[str, str]
    directory: Path
    umask: int


def main(addresses: Addresses) -> NoReturn:
    """Execute the program, or report why not and have supervisord stop this process.

    `addresses` are for declared programs.
    """
    process = os.environ.get(PROCESS_NAME, "")
    socket = os.environ.get(SERVER_URL, "").removeprefix("unix://")
    group = os.environ.get(GROUP_NAME, process)
    name = process if group == process else f"{group}:{process}"
    if not process or not socket:
        sys.exit("swf-console: launch is for supervisord only. Use: swf-console up")
    directory = Path(socket).parent / "supervision"
    directory.mkdir(mode=0o700, exist_ok=True)
    try:
        launch = prepare(directory, sys.argv[1:], os.environ, addresses)
        os.chdir(launch.directory)
        os.umask(launch.umask)  # that of supervisord is for its logs
        claim(directory, process)
        clear_refusal(directory, process)
        os.execve(launch.command[0], launch.command, launch.environment)  # noqa: S606 - the purpose of this module
    except AlreadyRunning as taken:
        reason = f"{process} is already running as PID {taken.pid}, outside this supervisord"
        advice = f"Replace it: swf-console agents start {process}"
        refuse(directory, process, LaunchRefused(reason, advice))
    except LaunchRefused as no_start:
        refuse(directory, process, no_start)
    except OSError as error:
        reason = f"{process} cannot be started: {error.filename or ''}: {error.strerror}"
        refuse(directory, process, LaunchRefused(reason, "Fix the cause, then start it again"))
    with suppress(OSError):
        os.execv(sys.executable, [sys.executable, "-m", WITHDRAW, socket, name])  # noqa: S606
    sys.exit(CONFIGURATION_EXIT_CODE)


def prepare(
    directory: Path, words: Sequence[str], inherited: Mapping[str, str], addresses: Addresses
) -> Launch:
    """What to execute for these `words` of the command line. Raises LaunchRefused."""
    decided = read_json(directory / ENVIRONMENT)
    home = Path(decided.get("home") or Path.cwd())
    environment = dict(decided.get("environment") or inherited)
    environment |= {name: value for name, value in inherited.items() if name.startswith(SUPERVISORS_OWN)}
    environment.setdefault("SWF_CONSOLE_HOME", str(home))
    environment.setdefault("SWF_STATE_DIR", str(directory.parent.resolve()))
    environment.setdefault("PYTHONUNBUFFERED", "1")
    if not words:
        raise LaunchRefused(
            "agents.supervisord.conf does not name what to launch", "Write a script after swf_console.launch"
        )
    umask = _umask(decided.get("umask"))
    if words[0] == "-m":
        return Launch([sys.executable, *words], environment, home, umask)
    if not words[0].startswith("@"):
        return Launch(command_of(home / words[0], words[1:]), environment, home, umask)
    program = read_json(directory / PROGRAMS).get(words[0][1:])
    if not program:
        raise LaunchRefused(
            f"program not declared: {words[0][1:]}", "Run its configuration again: testbed run NAME"
        )
    script, python = home / program["script"], sys.executable
    ours, own = uses_package(script), home / VIRTUAL_ENVIRONMENT
    environment |= addresses(environment, ours)
    if (own / "bin/python").is_file() and not ours:
        python = str(own / "bin/python")
        environment["VIRTUAL_ENV"] = str(own)
    environment |= program.get("environment", {})
    working = home / program.get("directory", "")
    command = command_of(script, program.get("arguments", []), python)
    return Launch(command, environment, working, umask)


def _umask(stored: object) -> int:
    return stored if isinstance(stored, int) and 0 <= stored <= 0o777 else USUAL_UMASK


def uses_package(script: Path) -> bool:
    """Whether a Python script of a home is built on this package, and so needs its interpreter."""
    try:
        return bool(USES_PACKAGE.search(script.read_bytes()))
    except OSError:
        return False


def command_of(script: Path, arguments: Sequence[str], python: str = sys.executable) -> list[str]:
    """The command line of a script: Python with the interpreter `python`, anything else directly."""
    if not script.is_file():
        raise LaunchRefused(
            f"script not found: {script}", "Create it, or correct `script` in the configuration"
        )
    if script.suffix == ".py":
        return [python, str(script), *arguments]
    if not os.access(script, os.X_OK):
        raise LaunchRefused(f"{script}: not executable", f"Run: chmod +x {script}")
    return [str(script), *arguments]


def refuse(directory: Path, process: str, no_start: LaunchRefused) -> None:
    """Write the reason to the log and to the refusals."""
    write_refusal(directory, process, no_start.reason, no_start.advice)
    sys.stderr.write(f"swf-console: {no_start.reason}. {no_start.advice}\n")
    sys.stderr.flush()


def write_refusal(directory: Path, process: str, reason: str, advice: str) -> None:
    """Store the reason, for explain()."""
    write_private(_refusal_file(directory, process), json.dumps({"reason": reason, "advice": advice}))


def read_refusal(directory: Path, process: str) -> Explanation | None:
    """The reason, if the last start was refused."""
    found = read_json(directory / "refusals" / f"{process}.json")
    return Explanation(str(found["reason"]), str(found.get("advice", ""))) if "reason" in found else None


def clear_refusal(directory: Path, process: str) -> None:
    """Remove the reason: the process is starting."""
    _refusal_file(directory, process).unlink(missing_ok=True)


def _refusal_file(directory: Path, process: str) -> Path:
    folder = directory / "refusals"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{process}.json"
