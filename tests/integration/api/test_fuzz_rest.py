"""Arbitrary requests: no 500, a refusal writes nothing, stored rows are valid."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.api.routes import OPERATIONS
from tests.support.fuzz import ANY_JSON, ODD_TEXT, SECONDS, fuzzing
from tests.support.monitor import SAMPLE, STF, THIS_MACHINE, Monitor, monitor_in, new_slice

FIELDS = sorted({name for each in OPERATIONS if each.body for name in each.body.model_fields})
QUERIES = sorted({name for each in OPERATIONS for name in each.query_schema.model_fields})
PATHS = sorted({each.path for each in OPERATIONS})
KNOWN = st.sampled_from(("1", "100010", STF, SAMPLE, "e-1", "physics", "queued", "completed", "OK", "READY"))
MOMENTS = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
VALUES = st.one_of(KNOWN, MOMENTS, ANY_JSON, st.integers(0, 9))
KEYS = KNOWN | ODD_TEXT | st.text(max_size=12)
METHODS = st.sampled_from(["GET", "POST", "PATCH"] * 5 + ["PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"])
COMPLETE = (
    {"instance_name": "a", "agent_type": "data", "status": "OK"},
    {"workflow_name": "w", "version": "1", "definition": "x", "created_by": "me"},
    {"execution_id": "e-1", "workflow_definition": 1, "executed_by": "me", "status": "running"},
    {"run_number": 100_010, "start_time": "2026-01-01T00:00:00Z", "phase": "physics", "state": "run"},
    {"run": 1, "stf_filename": STF},
    {"stf_file": STF, "tf_filename": SAMPLE},
    new_slice(1),
    {"worker_id": "w-1", "run_number": 100_010},
    {"subscriber_name": "a-/topic/x", "is_active": True, "fraction": 1.0},
    {"timestamp": "2026-01-01T00:00:00Z", "run_number": 1, "event_type": "x", "state": "run"},
    {"msg_type": "x", "message_content": {}, "sent_at": "2026-01-01T00:00:00Z"},
    {"app_name": "a", "instance_name": "b", "message": "m"},
    {"name": "n", "owner": "o"},
)
OBJECTS = st.one_of(
    st.builds(
        lambda whole, more: {**whole, **more},
        st.sampled_from(COMPLETE),
        st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2),
    ),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8),
)
DOCUMENTS = st.one_of(OBJECTS, OBJECTS, OBJECTS, st.lists(OBJECTS, max_size=4), ANY_JSON)
BODIES = st.one_of(
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    DOCUMENTS.map(lambda document: json.dumps(document).encode()[:-1]),
    st.integers(1, 5000).map(lambda deep: b'{"metadata":' * deep + b"1" + b"}" * deep),
    st.just(b'{"metadata": {"x": NaN}, "run_number": 1e999}'),
    st.binary(max_size=40),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Content-Encoding", "Authorization", "Accept", "Last-Event-ID", "X-HTTP-Method"]
    ),
    st.sampled_from(["application/json", "text/plain", "gzip", "Token x", "*/*", "\u00e9", "x" * 3000]),
    max_size=2,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, bytes, dict[str, str]]:
    """A method, a path with its query, a body, and headers."""
    path = draw(st.sampled_from(PATHS))
    head, brace, _ = path.partition("{")
    path = head + quote(draw(KEYS).encode("utf-8", "replace"), safe="/") if brace else path
    path += draw(st.sampled_from(["/", "/", "/", "", "//", "/x/", "/%2e%2e/"]))
    pairs = draw(st.lists(st.tuples(st.sampled_from(QUERIES), KEYS), max_size=3))
    query = urlencode([(name, value.encode("utf-8", "replace")) for name, value in pairs])
    headers = {name: value.encode("latin-1").decode("latin-1") for name, value in draw(HEADERS).items()}
    return draw(METHODS), f"{path}?{query}" if query else path, draw(BODIES), headers


class WatchedMonitor:
    """A monitor asked by one client, and a look at its file that tells whether anything was written."""

    def __init__(self, monitor: Monitor, file: Path) -> None:
        self.database = sqlite3.connect(file)
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(monitor.app, raise_app_exceptions=False, client=THIS_MACHINE)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """The answer to one request."""
        spelled = {name.encode(): value.encode() for name, value in headers.items()}
        request = self._http.build_request(method, path, content=body, headers=spelled)
        return self._runner.run(self._http.send(request))

    def writes(self) -> int:
        """A number that changes when another connection has written."""
        return int(self.database.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Let go."""
        self._runner.run(self._http.aclose())
        self._runner.close()
        self.database.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[WatchedMonitor]:
    with monitor_in(tmp_path) as monitor:
        monitor.register_sample()
        made = WatchedMonitor(monitor, tmp_path / "swf.db")
        yield made
        made.close()


@pytest.mark.timeout(SECONDS)
def test_monitor_arbitrary_request_is_answered_and_refusal_not_written(watched: WatchedMonitor) -> None:
    @fuzzing
    @given(requests())
    def ask(request: tuple[str, str, bytes, dict[str, str]]) -> None:
        method, path, body, headers = request
        before = watched.writes()
        answer = watched.ask(method, path, body, headers)
        # log lines are read only with a token
        refused = {403} if method in ("GET", "HEAD") and path.startswith("/api/logs") else set()
        assert answer.status_code in {200, 201, 400, 404, 405, 413} | refused, (request, answer.text)
        assert method == "HEAD" or answer.content, request
        assert "Traceback" not in answer.text
        if answer.content:
            json.loads(answer.content)
        if answer.status_code >= 400 or method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            assert watched.writes() == before, (request, answer.text)

    ask()
    assert_sound(watched.database)


def assert_sound(rows: sqlite3.Connection) -> None:
    """Nothing is stored that the tables' own rules and the contract do not allow."""
    assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert rows.execute("PRAGMA foreign_key_check").fetchall() == []
    for table, columns in _columns(rows).items():
        for name, kind in columns:
            stored = f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL"
            if "JSON" in kind:
                assert rows.execute(f"{stored} AND NOT json_valid({name})").fetchall() == [], name
            if "VARCHAR" in kind:
                longest = int(kind.partition("(")[2].rstrip(")"))
                assert rows.execute(f"{stored} AND length({name}) > {longest}").fetchall() == [], name
                for (value,) in rows.execute(stored):
                    assert isinstance(value, str), (name, value)
                    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in value), (name, value)
    for run, *stored in rows.execute(
        "SELECT run_number, slices_created, slices_queued, slices_processing, slices_completed, slices_failed"
        " FROM swf_run_state"
    ).fetchall():
        counted: Any = rows.execute(
            "SELECT count(*), total(status = 'queued'), total(status = 'processing'),"
            " total(status = 'completed'), total(status = 'failed') FROM swf_tf_slices WHERE run_number = ?",
            (run,),
        ).fetchone()
        assert list(counted) == stored, run


def _columns(rows: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
    tables = rows.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'swf%'")
    found = {}
    for (table,) in tables.fetchall():
        columns_found = rows.execute(f"PRAGMA table_info({table})").fetchall()
        found[table] = [(f'"{name}"', kind.upper()) for _, name, kind, *_ in columns_found]
    return found
