"""XML-RPC to supervisord over its unix socket: a connection and a deadline for each call.

The protocol is that of supervisor.rpcinterface; the client of supervisor 4.3 has no timeouts and takes longer
to import.
"""

import http.client
import re
import socket
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError
from xmlrpc.client import Fault, ResponseError, dumps, loads

from ..core.errors import SupervisorUnreachable
from .base import DaemonState, ProcessState, ProcessStatus

CALL_SECONDS = 2.0
ANSWER_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 65536
# characters that XML 1.0 does not allow, and supervisord writes
NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")

BAD_NAME = 10
SHUTDOWN_STATE = 6
ALREADY_STARTED, NOT_RUNNING = 60, 70
ALREADY_ADDED, CANT_REREAD = 90, 92

Call = tuple[str, tuple[Any, ...]]


class NoAnswer(SupervisorUnreachable):
    """This home's supervisord did not answer; `state` says what was found."""

    def __init__(self, state: DaemonState, message: str, advice: str = "Start it: swf-console up") -> None:
        super().__init__(message, advice)
        self.state = state


def call(path: Path, method: str, *params: Any, timeout: float = CALL_SECONDS) -> Any:
    """Call one method. Raises NoAnswer, or Fault if supervisord refuses."""
    deadline = time.monotonic() + timeout
    try:
        try:
            body = _post(path, dumps(params, method).encode(), deadline)
        except (BrokenPipeError, ConnectionResetError):
            # supervisord resets open connections when it ends: find out whether it is still running
            _UnixConnection(path, _remaining(deadline)).probe()
            raise
    except FileNotFoundError as error:
        raise NoAnswer(DaemonState.ABSENT, "supervisord is not running") from error
    except ConnectionRefusedError as error:
        raise NoAnswer(DaemonState.STALE, "supervisord was killed and left its socket") from error
    except (TimeoutError, BlockingIOError) as error:
        raise NoAnswer(
            DaemonState.FROZEN, f"supervisord did not answer within {timeout:g} s", "Check whether it hangs"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        is_noise = isinstance(error, http.client.BadStatusLine) and not isinstance(error, OSError)
        why = "its answer is not HTTP" if is_noise else str(error) or type(error).__name__
        raise foreign(path, why) from error
    return _result(path, body)


def multicall(path: Path, calls: Sequence[Call], timeout: float = CALL_SECONDS) -> list[Any]:
    """Several calls in one request; a refusal is a Fault in its place."""
    if not calls:
        return []
    wanted = [{"methodName": method, "params": list(params)} for method, params in calls]
    answers = call(path, "system.multicall", wanted, timeout=timeout)
    if not isinstance(answers, list) or len(answers) != len(calls):
        raise foreign(path, "its answer has the wrong form")
    return [_fault(answer) or answer for answer in answers]


def foreign(path: Path, why: str) -> NoAnswer:
    """The error for a socket on which another program answers."""
    return NoAnswer(
        DaemonState.FOREIGN,
        f"{path}: another program answers on this socket: {why}",
        "Stop it, or set SWF_STATE_DIR to another directory",
    )


def _post(path: Path, body: bytes, deadline: float) -> bytes:
    connection = _UnixConnection(path, _remaining(deadline))
    try:
        connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})
        with connection.getresponse() as response:
            if response.status != http.client.OK:
                raise http.client.HTTPException(f"HTTP status {response.status}")
            return _read(connection.socket, response, deadline)
    finally:
        connection.close()
        connection.socket.close()


def _read(connected: socket.socket, response: http.client.HTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    while True:
        connected.settimeout(_remaining(deadline))
        chunk = response.read1(CHUNK_BYTES)
        if not chunk:
            return bytes(body)
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise http.client.HTTPException("the answer is too long")


def _result(path: Path, body: bytes) -> Any:
    try:
        (result,), _ = loads(NOT_XML.sub(b"?", body))
    except (ValueError, TypeError, ResponseError, ExpatError) as error:
        raise foreign(path, "its answer is not XML-RPC") from error
    return result


def _fault(answer: Any) -> Fault | None:
    if isinstance(answer, dict) and "faultCode" in answer:
        return Fault(int(answer["faultCode"]), str(answer.get("faultString", "")))
    return None


def _remaining(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        # http.client drops its reference to the socket once the answer starts; the deadline still needs it
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def connect(self) -> None:
        """Connect to the unix socket instead of a host."""
        self.sock = self.socket
        self.socket.settimeout(self.timeout)
        self.socket.connect(str(self._path))

    def probe(self) -> None:
        """Raise the error of a connect, if there is one."""
        with self.socket:
            self.connect()


LAST_32_BIT_SECOND = 2**31 - 1  # XML-RPC integers have 32 bits; supervisord caps times there


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
