"""Programs that configurations declare: scripts, and other numbers of processes of shipped programs."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from configparser import Error, RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from xmlrpc.client import Fault

from ..core.errors import TimedOut, UsageError
from ..core.files import FileLock, read_json, write_private
from .base import Changes, ProcessStatus, Program
from .daemon import reason_in
from .explain import known_signal
from .foreign_home import CONFIGURATION, DEFAULTS, configuration_text
from .launcher import PROGRAMS
from .paths import SupervisorPaths
from .rpc import ALREADY_ADDED, BAD_NAME, CANT_REREAD, NOT_RUNNING

INCLUDE = "declared.conf"
LOCK = "programs.lock"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
MOST_PROCESSES = 1000
LAUNCH = "python -m swf_console.launch "
LAUNCHER = re.compile(r"swf_console\.([a-z_]+\.)*launch")  # homes of 0.1 spell it longer
# option of [agents.<name>] -> its type; the first row is for the launcher, the others for supervisord
LAUNCHER_OPTIONS: dict[str, type] = {"arguments": list, "environment": dict, "directory": str}
NUMBER_OPTIONS = ("startsecs", "startretries", "stopwaitsecs", "priority")
OPTIONS = (*LAUNCHER_OPTIONS, *NUMBER_OPTIONS, "stopsignal", "autorestart")


@dataclass(frozen=True, slots=True)
class ShippedProgram:
    """A program of agents.supervisord.conf; `script` is empty if it runs a module.

    `numbered`: process names have a number even if there is one process.
    """

    name: str
    script: str
    count: int = 1
    numbered: bool = False


def shipped_programs(home: Path) -> dict[str, ShippedProgram]:
    """The programs of the home's agents.supervisord.conf. UsageError if it cannot be read."""
    path = home / CONFIGURATION
    parser = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    try:
        parser.read_string(configuration_text(home), str(path))
        found = [_shipped(parser, name) for name in parser.sections() if name.startswith("program:")]
    except (OSError, ValueError, Error) as error:
        raise UsageError(
            f"{path}: cannot be read: {error}", "Copy it from a new home: swf-console init DIR"
        ) from error
    return {one.name: one for one in found}


def declared_programs(paths: SupervisorPaths) -> dict[str, dict[str, Any]]:
    """The declared programs, by name."""
    return read_json(paths.directory / PROGRAMS)


def declare(paths: SupervisorPaths, programs: Sequence[Program]) -> bool:
    """Add or change programs, keeping the others; returns whether anything changed.

    Raises UsageError for an invalid program, before anything is written.
    """
    shipped = shipped_programs(paths.home)
    fresh = {one.name: _entry(one, shipped) for one in programs}
    with FileLock(paths.directory / LOCK):
        return _write(paths, {**declared_programs(paths), **fresh})


def forget(paths: SupervisorPaths, names: Sequence[str]) -> bool:
    """Remove declared programs; returns whether anything changed."""
    with FileLock(paths.directory / LOCK):
        kept = {name: entry for name, entry in declared_programs(paths).items() if name not in names}
        return _write(paths, kept)


def _write(paths: SupervisorPaths, entries: Mapping[str, dict[str, Any]]) -> bool:
    before = declared_programs(paths)
    write_private(paths.directory / PROGRAMS, json.dumps(entries))
    write_private(paths.directory / INCLUDE, "\n".join(_section(name, entries[name]) for name in entries))
    return before != entries


def _entry(program: Program, shipped: Mapping[str, ShippedProgram]) -> dict[str, Any]:
    name, count = program.name, program.count
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not a valid program name", "Use letters, digits, '.', '_' and '-'")
    if count is not None and not 1 <= count <= MOST_PROCESSES:
        raise UsageError(f"{name}: count = {count}", f"Use 1 to {MOST_PROCESSES}")
    ours = shipped.get(name)
    if ours and program.script in ("", ours.script):
        return {"count": count or ours.count, "kept": True, "numbered": ours.numbered}
    if not program.script:
        raise UsageError(f"{name}: program not found in {CONFIGURATION}", "Set its script")
    if ours:
        raise UsageError(
            f"{name}: {CONFIGURATION} has a program of that name, with another script", "Choose another name"
        )
    if "\0" in program.script:
        raise UsageError(f"{name}: script = {program.script!r} is not a path", "Correct it")
    return {"script": program.script, "count": count or 1, **_options(program)}


def _options(program: Program) -> dict[str, Any]:
    given = {key: value for key, value in program.options.items() if key in OPTIONS}
    for key, value in given.items():
        if not _usable(key, value):
            raise UsageError(
                f"{program.name}: {key} = {value!r} is not valid", "Correct [agents] in the configuration"
            )
    return given


def _usable(key: str, value: Any) -> bool:
    if key in NUMBER_OPTIONS:
        return type(value) is int and 0 <= value <= 86400
    if key == "autorestart":
        return value in (True, False, "unexpected")
    if key == "stopsignal":
        return isinstance(value, str) and bool(known_signal(value))
    if not isinstance(value, (list, dict, str)) or not isinstance(value, LAUNCHER_OPTIONS[key]):
        return False
    words = [value] if isinstance(value, str) else list(value)
    words += value.values() if isinstance(value, dict) else []
    return all(isinstance(word, str) and "\0" not in word for word in words)


def _section(name: str, entry: Mapping[str, Any]) -> str:
    process = "%(program_name)s-%(process_num)d" if entry["count"] > 1 else "%(program_name)s"
    lines = {"numprocs": str(entry["count"])}
    if not entry.get("numbered"):
        lines |= {"process_name": process, "stdout_logfile": f"%(here)s/../logs/{process}.log"}
    if not entry.get("kept"):
        own = {key: str(entry[key]).lower() for key in (*NUMBER_OPTIONS, "autorestart") if key in entry}
        if "stopsignal" in entry:
            own["stopsignal"] = known_signal(entry["stopsignal"])
        lines |= {"command": f"{LAUNCH}@{name}", **DEFAULTS, **own}
    return "\n".join([f"[program:{name}]", *(f"{key}={value}" for key, value in lines.items()), ""])


def _shipped(parser: RawConfigParser, section: str) -> ShippedProgram:
    words = parser.get(section, "command", fallback="").split()
    script = words[-1] if len(words) > 1 and LAUNCHER.fullmatch(words[-2]) else ""
    numbered = "%(process_num)" in parser.get(section, "process_name", fallback="")
    count = parser.getint(section, "numprocs", fallback=1)
    return ShippedProgram(section.partition(":")[2], script, count, numbered)


STOP_SECONDS = 25.0
POLL_SECONDS = 0.05
HARMLESS = (ALREADY_ADDED, BAD_NAME, NOT_RUNNING)

Calls = Callable[[Sequence[tuple[str, tuple[Any, ...]]]], list[Any]]


def reread(calls: Calls, processes: Callable[[], tuple[ProcessStatus, ...]]) -> Changes:
    """Apply added, changed and removed groups; running processes of a changed group are restarted.

    Raises UsageError if the configuration cannot be read; nothing has changed then.
    """
    (answer,) = calls([("supervisor.reloadConfig", ())])
    if isinstance(answer, Fault):
        if answer.faultCode == CANT_REREAD:
            reason = reason_in(answer.faultString.removeprefix("CANT_REREAD: "))
            raise UsageError(f"supervisord cannot read its configuration: {reason}", "Correct that file")
        raise UsageError(f"supervisord did not read its configuration: {answer.faultString}")
    added, changed, removed = (tuple(sorted(names)) for names in answer[0])
    running = [one for one in processes() if one.group in changed and not one.state.ended]
    _stop(calls, processes, {*changed, *removed})
    _call_each(calls, "supervisor.removeProcessGroup", [*changed, *removed])
    _call_each(calls, "supervisor.addProcessGroup", [*changed, *added])
    _start_again(calls, processes, running)
    return Changes(added, changed, removed)


def _stop(calls: Calls, processes: Callable[[], tuple[ProcessStatus, ...]], groups: set[str]) -> None:
    if not groups:
        return
    alive = [one for one in processes() if one.group in groups and not one.state.ended]
    calls([("supervisor.stopProcess", (one.name, False)) for one in alive])
    deadline, pause = time.monotonic() + STOP_SECONDS, Event()
    while late := [one.name for one in processes() if one.group in groups and not one.state.ended]:
        if time.monotonic() > deadline:
            raise TimedOut(f"{', '.join(late)}: not stopped within {STOP_SECONDS:g} s", "Try again")
        pause.wait(POLL_SECONDS)


def _start_again(
    calls: Calls, processes: Callable[[], tuple[ProcessStatus, ...]], ran: Sequence[ProcessStatus]
) -> None:
    """Start a whole group if any of it was running: it may have more processes than before."""
    groups = {one.group for one in ran}
    idle = [one.name for one in processes() if one.group in groups and one.state.ended]
    _call_each(calls, "supervisor.startProcess", idle, False)


def _call_each(calls: Calls, method: str, names: Sequence[str], *more: Any) -> None:
    for name, answer in zip(names, calls([(method, (name, *more)) for name in names]), strict=True):
        if isinstance(answer, Fault) and answer.faultCode not in HARMLESS:
            raise UsageError(f"{name}: supervisord refused: {answer.faultString}")
