"""What supervisord answers, as records."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .records import ProcessState, ProcessStatus

LAST_32_BIT_SECOND = 2**31 - 1  # XML-RPC's integer holds no later time; supervisord caps there


def read_processes(answers: Sequence[Mapping[str, Any]]) -> tuple[ProcessStatus, ...]:
    """Every process of a getAllProcessInfo, by group and name; `slice-worker-10` after `slice-worker-9`."""
    return tuple(sorted((read_process(answer) for answer in answers), key=_order))


def read_process(info: Mapping[str, Any]) -> ProcessStatus:
    """One process of supervisor.rpcinterface's getProcessInfo."""
    state = _state(str(info["statename"]))
    error = str(info.get("spawnerr") or "")
    log = str(info.get("stdout_logfile") or "")
    return ProcessStatus(
        group=str(info["group"]),
        process=str(info["name"]),
        state=state,
        pid=int(info["pid"]) or None,
        since=_time(info["stop"] if state.ended else info["start"]),
        exit_status=int(info["exitstatus"]) if state is ProcessState.EXITED else None,
        spawn_error="" if state is ProcessState.RUNNING else error,
        description=str(info.get("description") or ""),
        log_file=Path(log) if log else None,
    )


def _order(status: ProcessStatus) -> tuple[str, int, str]:
    return status.group, len(status.process), status.process


def _state(word: str) -> ProcessState:
    try:
        return ProcessState(word)
    except ValueError:
        return ProcessState.UNKNOWN


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < LAST_32_BIT_SECOND else None
