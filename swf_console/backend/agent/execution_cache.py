"""The parameters of executions: from the database, else from a monitor; each is read once."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..core.errors import BackendUnreachable
from ..core.settings import Settings
from ..database import Database, executions
from .message import ExecutionView

BASE_SECTION = "daq_state_machine"
HEADING = "workflow"
REMEMBERED = 200
# a message may arrive before its execution is recorded, on another database or through replication
UNKNOWN_SECONDS = 30.0
HTTP_SECONDS = 10.0
NOT_FOUND = 404

Record = tuple[Mapping[str, Any], Mapping[str, Any]]


class MonitorUnreachable(BackendUnreachable):
    """The monitor did not answer, or its answer is not an execution."""


class ExecutionCache:
    """The recorded parameters; an unknown execution is requested again after 30 s."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._known: OrderedDict[str, tuple[float | None, ExecutionView]] = OrderedDict()
        self._lock = threading.Lock()

    def view(self, execution_id: str | None) -> ExecutionView:
        """The parameters of an execution; empty without a record. Raises BackendUnreachable."""
        if not execution_id:
            return ExecutionView()
        with self._lock:
            until, view = self._known.get(execution_id, (0.0, ExecutionView()))
        if until is None or until > time.monotonic():
            return view
        record = self._from_database(execution_id) or self._from_monitor(execution_id)
        view = ExecutionView() if record is None else _view(*record)
        until = time.monotonic() + UNKNOWN_SECONDS if record is None else None
        with self._lock:
            self._known[execution_id] = until, view
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return view

    def _from_database(self, execution_id: str) -> Record | None:
        with self._database.read() as connection:
            execution = executions.get(connection, execution_id)
        if execution is None:
            return None
        return execution.parameter_values, execution.execution_environment or {}

    def _from_monitor(self, execution_id: str) -> Record | None:
        url = self._settings.monitor_url
        if url is None:
            return None
        return fetch_execution(url, self._settings.api_token, execution_id)


def fetch_execution(url: str, token: str | None, execution_id: str) -> Record | None:
    """Request an execution from a monitor; None if it is unknown there. Raises MonitorUnreachable."""
    import httpx  # most agents have a database and never need it

    address = f"{url}/api/workflow-executions/{quote(execution_id, safe='')}/"
    headers = {"Authorization": f"Token {token}"} if token else {}
    try:
        answer = httpx.get(address, headers=headers, timeout=HTTP_SECONDS)
        if answer.status_code == NOT_FOUND:
            return None
        answer.raise_for_status()
        record = answer.json()
        values, environment = record["parameter_values"], record.get("execution_environment") or {}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MonitorUnreachable(
            f"monitor {url}: no answer for execution {execution_id}: {error}",
            "Check SWF_MONITOR_URL and SWF_API_TOKEN",
        ) from error
    if not isinstance(values, dict) or not isinstance(environment, dict):
        raise MonitorUnreachable(f"monitor {url}: the answer for {execution_id} is not an execution")
    return values, environment


def _view(values: Mapping[str, Any], environment: Mapping[str, Any]) -> ExecutionView:
    sections = {name: table for name, table in values.items() if isinstance(table, dict)}
    heading = sections.pop(HEADING, {})
    merged = dict(sections.pop(BASE_SECTION, {}))
    for name in _in_order(sections, heading.get("sections")):
        merged.update(sections[name])
    return ExecutionView(merged, bool(environment.get("realtime", True)), bool(environment))


def _in_order(sections: Mapping[str, Any], order: object) -> list[str]:
    """The sections in merge order, which is stored beside them: jsonb of PostgreSQL does not keep it."""
    known = [name for name in order if name in sections] if isinstance(order, list) else []
    return list(dict.fromkeys([*known, *sections]))
