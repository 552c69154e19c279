"""`python -m swf_console.launch WHAT`: what supervisord runs in place of a program.

WHAT is a script of the home, `-m MODULE ...`, or `@NAME` for a declared program. It takes the environment
that the console decided last, writes the PID file, and becomes the program. What it refuses it says in
one line.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ..core.files import ENVIRONMENT, PROGRAMS, SUPERVISORS_OWN, read_json, write_private
from .base import Explanation
from .pidfiles import Taken, claim

SUFFIX = ".json"


def write_refusal(directory: Path, process: str, reason: str, advice: str) -> None:
    """Leave the reason for whoever asks."""
    write_private(_path(directory, process), json.dumps({"reason": reason, "advice": advice}))


def read_refusal(directory: Path, process: str) -> Explanation | None:
    """The reason, where the last start was refused."""
    told = read_json(directory / "refusals" / f"{process}{SUFFIX}")
    return Explanation(str(told["reason"]), str(told.get("advice", ""))) if "reason" in told else None


def clear_refusal(directory: Path, process: str) -> None:
    """Forget it: the process starts."""
    _path(directory, process).unlink(missing_ok=True)


def _path(directory: Path, process: str) -> Path:
    folder = directory / "refusals"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{process}{SUFFIX}"


SERVER_URL = "SUPERVISOR_SERVER_URL"
PROCESS_NAME = "SUPERVISOR_PROCESS_NAME"
CONFIGURATION_EXIT_CODE = 78  # EX_CONFIG of sysexits.h


class NoStart(Exception):
    """Why the program cannot be started, and what to do about it."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason, self.advice = reason, advice


@dataclass(frozen=True, slots=True)
class Launch:
    """What to become."""

    command: list[str]
    environment: dict[str, str]
    directory: Path


def main() -> NoReturn:
    """Become the program, or say why not and exit with 78."""
    process = os.environ.get(PROCESS_NAME, "")
    socket = os.environ.get(SERVER_URL, "").removeprefix("unix://")
    if not process or not socket:
        sys.exit("swf-console: launch is for supervisord: swf-console up")
    directory = Path(socket).parent / "supervision"
    directory.mkdir(mode=0o700, exist_ok=True)
    try:
        launch = prepare(directory, sys.argv[1:], os.environ)
        os.chdir(launch.directory)
        claim(directory, process)
        clear_refusal(directory, process)
        os.execve(launch.command[0], launch.command, launch.environment)  # noqa: S606 - it is what we are for
    except Taken as taken:
        reason = f"{process} runs already as PID {taken.pid}, outside this supervisord"
        refuse(directory, process, NoStart(reason, f"Replace that one: swf-console agents start {process}"))
    except NoStart as no_start:
        refuse(directory, process, no_start)
    except OSError as error:
        reason = f"{process} cannot be started: {error.filename or ''}: {error.strerror}"
        refuse(directory, process, NoStart(reason, "Mend that, then start it again"))


def prepare(directory: Path, words: Sequence[str], inherited: Mapping[str, str]) -> Launch:
    """What `words` mean in this home. Raises NoStart."""
    decided = read_json(directory / ENVIRONMENT)
    home = Path(decided.get("home") or Path.cwd())
    environment = dict(decided.get("environment") or inherited)
    environment |= {name: value for name, value in inherited.items() if name.startswith(SUPERVISORS_OWN)}
    environment.setdefault("SWF_CONSOLE_HOME", str(home))
    environment.setdefault("SWF_STATE_DIR", str(directory.parent.resolve()))
    environment.setdefault("PYTHONUNBUFFERED", "1")
    if not words:
        raise NoStart("agents.supervisord.conf does not say what to launch", "Give launch a script")
    if words[0] == "-m":
        return Launch([sys.executable, *words], environment, home)
    if not words[0].startswith("@"):
        return Launch(command_of(home / words[0], words[1:]), environment, home)
    program = read_json(directory / PROGRAMS).get(words[0][1:])
    if not program:
        raise NoStart(
            f"{words[0][1:]} is not declared any more", "Run its configuration again: testbed run NAME"
        )
    environment |= program.get("environment", {})
    working = home / program.get("directory", "")
    return Launch(command_of(home / program["script"], program.get("arguments", [])), environment, working)


def command_of(script: Path, arguments: Sequence[str]) -> list[str]:
    """The command line of a script: Python through our interpreter, anything else by itself."""
    if not script.is_file():
        raise NoStart(
            f"{script}: there is no such script", "Put it there, or correct `script` in the configuration"
        )
    if script.suffix == ".py":
        return [sys.executable, str(script), *arguments]
    if not os.access(script, os.X_OK):
        raise NoStart(f"{script}: may not be executed", f"chmod +x {script}")
    return [str(script), *arguments]


def refuse(directory: Path, process: str, no_start: NoStart) -> NoReturn:
    """Say it in the log and for whoever asks, and end."""
    write_refusal(directory, process, no_start.reason, no_start.advice)
    sys.stderr.write(f"swf-console: {no_start.reason}. {no_start.advice}\n")
    sys.exit(CONFIGURATION_EXIT_CODE)
