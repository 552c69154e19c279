"""`swf-console mcp` as a process, with the SDK's client: a whole execution, HTTP, shutdown."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from swf_console.backend.core.settings import load_settings, sqlite_url
from swf_console.backend.database import agents, logs, open_database
from swf_console.backend.database.records.agents import Heartbeat, LogEntry
from swf_console.backend.services.home import write_home
from swf_console.mcp.tools import TOOLS
from tests.support.assistant import CallResult, call, over_stdio
from tests.support.history import add_chain, add_execution
from tests.support.homes import plain_environment, run
from tests.support.waiting import wait_for, wait_until

REALTIME = """
[workflow]
name = "stf_datataking"
version = "1.0"
description = "one STF a second, for the data agent"
includes = ["daq_state_machine.toml"]

[stf_processing]
stf_count = 600

[daq_state_machine]
stf_interval = 1.0
no_beam_not_ready_delay = 0
broadcast_delay = 0
beam_not_ready_delay = 0
beam_ready_delay = 0

[agents.data]
enabled = true
script = "agents/example_data_agent.py"
"""
PROGRAMS = Path(sys.executable).parent
PATH = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with a namespace; its supervisord is ended after the test."""
    made = tmp_path / "home"
    write_home(made)
    testbed = made / "workflows/testbed.toml"
    testbed.write_text(testbed.read_text().replace("your-namespace", "torre1"))
    (made / "workflows/watched_default.toml").write_text(REALTIME)
    yield made
    words = [str(PROGRAMS / "supervisorctl"), "-c", "agents.supervisord.conf", "shutdown"]
    if (made / ".state/supervisor.sock").exists():
        run(words, cwd=made, environment=environment())
        wait_for(lambda: not (made / ".state/supervisor.sock").exists(), timeout=30)


def environment(**more: str) -> dict[str, str]:
    return plain_environment(PATH=PATH, USER="alice", **more)


def url_in(line: str) -> str:
    """The URL that the server has printed."""
    found = re.search(r"http://[^\s;]+", line)
    assert found, line
    return found.group()


def journal(home: Path) -> list[str]:
    words = [str(PROGRAMS / "swf-console"), "--home", str(home), "journal", "--json"]
    return re.findall(r'"what": "(\w+)"', run(words, cwd=home, environment=environment()).stdout)


class NamedTools:
    """Calls tools under one of their two names, and knows which were called."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self.called: set[str] = set()

    async def __call__(self, tool: str, /, **arguments: Any) -> CallResult:
        self.called.add(tool)
        return await call(self._client, self._prefix + tool, **arguments)

    async def document(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """What a call gave, which must be good."""
        result = await self(tool, **arguments)
        assert not result.failed, (tool, result.document)
        return result.document

    async def until(self, look: Any, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call until the answer is as wanted."""
        answer: dict[str, Any] = {}

        async def wanted() -> bool:
            answer.clear()
            answer.update((await self(tool, **arguments)).document)
            return bool(look(answer))

        await wait_until(wanted, 60, every=0.1)
        return answer


@asynccontextmanager
async def over_http(home: Path) -> AsyncIterator[Client]:
    """A client of `swf-console mcp --http` as a process of its own, with its token."""
    given = environment(SWF_API_TOKEN="a-token", PYTHONUNBUFFERED="1")
    words = [sys.executable, "-m", "swf_console", "--home", str(home), "mcp", "--http", "--port", "0"]
    process = subprocess.Popen(
        [*words, "--allow-write"], cwd=home, env=given, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        url = url_in(process.stderr.readline())
        wait_for(lambda: httpx.post(url).status_code == 401, every=0.1)
        async with (
            httpx2.AsyncClient(headers={"Authorization": "Bearer a-token"}, timeout=60) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.communicate()


def add_history(home: Path) -> str:
    """Rows of an earlier run: its chain, a log line, and a running execution without a process."""
    settings = load_settings(environment(), home=home)
    database = open_database(settings.database_url)
    add_chain(database, 100_001)
    execution_id = add_execution(database, 900, status="running")
    with database.write() as connection:
        entry = LogEntry("runner", "runner-1", datetime.now(UTC), 40, "ERROR", "it broke")
        logs.insert(connection, [entry])
    database.close()
    return execution_id


async def check_execution(ask: NamedTools) -> None:
    """A run from its plan to its end, as an assistant has it."""
    assert (await ask("list_workflow_definitions")).items[0]["workflow_name"] == "stf_datataking"
    assert (await ask.document("plan", config="watched_default"))["stf_count"] == 600
    started = await ask.document("start_workflow", config="watched_default", realtime=True, stf_count=500)
    execution_id = started["execution_id"]
    assert execution_id.startswith("stf_datataking-alice-")
    answer = await ask.until(
        lambda answer: answer["stf_count"] > 1, "get_workflow_monitor", execution_id=execution_id
    )
    assert (answer["execution"]["status"], answer["phase"]) == ("running", "physics")
    number = answer["run_number"]
    listed = (await ask("list_workflow_executions", currently_running=True)).items
    assert execution_id in [row["execution_id"] for row in listed]
    watched = (await ask("list_workflow_monitors")).items
    assert number in [row["run_number"] for row in watched]
    shown = await ask.document("get_workflow_execution", execution_id=execution_id)
    assert shown["execution"]["parameter_values"]["stf_processing"]["stf_count"] == 500
    files = await ask.until(lambda answer: answer["count"] > 1, "list_stf_files", run_number=number)
    name = files["items"][0]["stf_filename"]
    assert (await ask.document("get_stf_file", stf_filename=name))["way"] is not None
    kinds = {row["message_type"] for row in (await ask("list_messages")).items}
    assert {"stf_gen", "start_run"} <= kinds
    assert number in [row["run_number"] for row in (await ask("list_runs")).items]
    assert (await ask.document("get_run", run_number=number))["run"]["run_number"] == number
    spaces = (await ask("list_namespaces")).items
    assert "torre1" in [row["namespace"]["name"] for row in spaces]
    assert (await ask.document("get_namespace", namespace="torre1"))["namespace"]["name"] == "torre1"
    refused = await ask("end_execution", execution_id=execution_id)
    assert refused.document["exit_code"] == 5
    stopped = await ask.document("stop_workflow", execution_id=execution_id, timeout=30)
    assert stopped["status"] == "terminated"


async def check_left_rows(ask: NamedTools, lost: str) -> None:
    """Rows of a run that is over."""
    slices = (await ask("list_tf_slices", run_number=100_001)).items
    assert len(slices) == 6
    named = {"tf_filename": slices[0]["fastmon_file"], "slice_id": slices[0]["slice_id"]}
    assert (await ask.document("get_tf_slice", **named))["run_number"] == 100_001
    lines = (await ask("list_logs", level="ERROR")).items
    ids = [row["id"] for row in lines if row["message"] == "it broke"]
    assert (await ask.document("get_log_entry", log_id=ids[0]))["message"] == "it broke"
    assert (await ask.document("end_execution", execution_id=lost))["status"] == "terminated"


async def check_testbed(ask: NamedTools) -> None:
    """Agents, their programs, the manager, a message to all."""
    sent = await ask.document("send_message", message="hello <b>all</b>")
    assert sent["msg_type"] == "announcement"
    found = (await ask("list_messages", message_type="announcement")).items
    assert [row["content"]["message"] for row in found] == ["hello <b>all</b>"]
    result = (await ask("list_agents", agent_type="data")).items
    killed = await ask.document("kill_agent", name=result[0]["instance_name"])
    assert killed["process"]["name"] == "example-data-agent"
    state = await ask.document("get_agent", name=result[0]["instance_name"])
    assert (state["agent"]["operational_state"], state["process"]) == ("EXITED", None)
    assert (await ask.document("check_agent_manager"))["alive"] is False
    started = await ask.document("start_user_testbed", config_name="watched_default")
    assert started["accepted"] is True
    running = await ask.document("get_testbed_status")
    assert running["agents_running"] is True
    assert "workflow-runner RUNNING" in running["supervisord_status"]
    assert (await ask.document("get_system_state"))["status"]["ready"] is True
    assert (await ask.document("stop_user_testbed"))["accepted"] is True
    assert (await ask.document("get_testbed_status"))["agents_running"] is False


@pytest.mark.parametrize(("transport", "prefix"), [("stdio", ""), ("stdio", "swf_"), ("http", "swf_")])
def test_mcp_every_tool_runs_whole_execution(home: Path, transport: str, prefix: str) -> None:
    lost = add_history(home)

    async def talk() -> None:
        connected = (
            over_http(home) if transport == "http" else over_stdio(home, environment(), "--allow-write")
        )
        async with connected as client:
            assert client.server_info is not None
            assert client.server_info.name == "swf-console"
            ask = NamedTools(client, prefix)
            await check_execution(ask)
            await check_left_rows(ask, lost)
            await check_testbed(ask)
            tools = (await ask.document("list_available_tools"))["tools"]
            assert {one["name"] for one in tools} == {tool.name for tool in TOOLS}
            assert "may write" in (await ask.document("get_server_instructions"))["instructions"]
            assert ask.called == {tool.name for tool in TOOLS}

    anyio.run(talk)
    assert set(journal(home)) == {tool.name for tool in TOOLS if tool.writes}


def add_foreign_agent(home: Path, pid: int) -> None:
    """A heartbeat with the PID of a foreign process."""
    database = open_database(sqlite_url(home / ".state/swf.db"))
    beat = Heartbeat(
        "data-agent-mallory-1", "data", "OK", datetime.now(UTC), pid=pid, hostname=socket.gethostname()
    )
    with database.write() as connection:
        agents.heartbeat(connection, beat)
    database.close()


def test_mcp_kill_agent_foreign_process_is_refused(home: Path) -> None:
    foreign_process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    async def talk() -> None:
        async with over_stdio(home, environment(), "--allow-write") as client:
            assert not (await call(client, "start_user_testbed", config_name="watched_default")).failed
            add_foreign_agent(home, foreign_process.pid)
            refused = await call(client, "kill_agent", name="data-agent-mallory-1")
            assert refused.document["exit_code"] == 5
            assert "does not belong to" in refused.document["error"]
            for name in ("1", str(foreign_process.pid), "supervisord"):
                assert (await call(client, "kill_agent", name=name)).document["exit_code"] == 2

    try:
        anyio.run(talk)
        assert foreign_process.poll() is None
    finally:
        foreign_process.kill()
        foreign_process.communicate()


def test_mcp_two_servers_share_home(home: Path) -> None:
    async def talk() -> None:
        async with over_stdio(home, environment()) as first, over_stdio(home, environment()) as second:
            assert (await call(first, "list_runs")).items == []
            assert (await call(second, "list_runs")).items == []

    anyio.run(talk)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_mcp_signal_stops_server(home: Path, number: signal.Signals) -> None:
    words = [sys.executable, "-m", "swf_console", "--home", str(home), "mcp"]
    with subprocess.Popen(
        words, cwd=home, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b'this is no JSON\n{"jsonrpc": "2.0", "id": 7, "method": "ping"}\n')
            process.stdin.flush()
            assert b'"id":7' in process.stdout.readline()
            process.send_signal(number)
            assert process.wait(10) == (130 if number == signal.SIGINT else 0)
        finally:
            process.kill()


def test_mcp_closed_stdin_stops_server(home: Path) -> None:
    words = [str(PROGRAMS / "swf-console"), "--home", str(home), "mcp"]
    done = run(words, cwd=home, environment=environment(), timeout=20)
    assert (done.returncode, done.stdout) == (0, "")


def test_mcp_over_http_requires_token(home: Path) -> None:
    given = environment(SWF_API_TOKEN="a-token", PYTHONUNBUFFERED="1")
    words = [sys.executable, "-m", "swf_console", "--home", str(home), "mcp", "--http", "--port", "0"]
    process = subprocess.Popen(words, cwd=home, env=given, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        url = url_in(process.stderr.readline())
        wait_for(lambda: httpx.post(url).status_code == 401, every=0.1)
        wrong = httpx.post(url, headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        right = {"Authorization": "Bearer a-token"}
        assert httpx.post(url, headers={**right, "Origin": "http://evil.example"}).status_code == 403
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--http", "--host", "0.0.0.0"], "other machines"),  # noqa: S104 (refused)
        (["--http", "--allow-write"], "SWF_API_TOKEN"),
        (["--port", "70000"], "is not a port"),
    ],
)
def test_mcp_unsafe_options_are_refused(home: Path, arguments: list[str], says: str) -> None:
    words = [str(PROGRAMS / "swf-console"), "--home", str(home), "mcp", *arguments]
    done = run(words, cwd=home, environment=environment(), timeout=20)
    assert done.returncode == 2
    assert says in done.stderr
