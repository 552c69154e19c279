"""`swf-console mcp` as a process: the SDK's own client starts, watches and stops a run; HTTP; its end."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from swf_console.backend.database import agents, open_database
from swf_console.backend.database.records import Heartbeat
from swf_console.backend.operations.home import write_home
from swf_console.backend.settings import sqlite_url
from tests.support.assistant import call, over_stdio
from tests.support.homes import plain_environment, run
from tests.support.waiting import wait_for

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


def journal(home: Path) -> list[str]:
    words = [str(PROGRAMS / "swf-console"), "--home", str(home), "journal", "--json"]
    return re.findall(r'"what": "(\w+)"', run(words, cwd=home, environment=environment()).stdout)


async def until(client: Client, look: Any, name: str, **arguments: Any) -> dict[str, Any]:
    """Call until the answer is as wanted."""
    with anyio.fail_after(60):
        while True:
            told = (await call(client, name, **arguments)).document
            if look(told):
                return told
            await anyio.sleep(0.1)


def test_a_run_is_started_watched_and_stopped_by_an_assistant(home: Path) -> None:
    async def talk() -> None:
        async with over_stdio(home, environment(), "--allow-write") as client:
            assert client.server_info is not None
            assert client.server_info.name == "swf-console"
            begun = await call(
                client, "start_workflow", config="watched_default", realtime=True, stf_count=500
            )
            assert not begun.failed, begun
            execution_id = begun.document["execution_id"]
            assert execution_id.startswith("stf_datataking-alice-")
            told = await until(
                client, lambda told: told["stf_count"] > 1, "get_workflow_monitor", execution_id=execution_id
            )
            assert (told["execution"]["status"], told["phase"]) == ("running", "physics")
            number = told["run_number"]
            listed = await call(client, "swf_list_workflow_executions", currently_running=True)
            assert [row["execution_id"] for row in listed.items] == [execution_id]
            (watched,) = (await call(client, "list_workflow_monitors")).items
            assert watched["run_number"] == number
            files = await until(client, lambda told: told["count"] > 1, "list_stf_files", run_number=number)
            name = files["items"][0]["stf_filename"]
            assert (await call(client, "get_stf_file", stf_filename=name)).document["way"] is not None
            kinds = {row["message_type"] for row in (await call(client, "list_messages")).items}
            assert {"stf_gen", "start_run"} <= kinds

            sent = await call(client, "send_message", message="hello <b>all</b>")
            assert sent.document["msg_type"] == "announcement"
            found = await call(client, "list_messages", message_type="announcement")
            assert [row["content"]["message"] for row in found.items] == ["hello <b>all</b>"]

            refused = await call(client, "end_execution", execution_id=execution_id)
            assert refused.document["exit_code"] == 5
            stopped = await call(client, "stop_workflow", execution_id=execution_id, timeout=30)
            assert stopped.document["status"] == "terminated"

            heard = (await call(client, "list_agents", agent_type="data")).items
            killed = await call(client, "kill_agent", name=heard[0]["instance_name"])
            assert killed.document["process"]["name"] == "example-data-agent"
            state = (await call(client, "get_agent", name=heard[0]["instance_name"])).document
            assert (state["agent"]["operational_state"], state["process"]) == ("EXITED", None)

            running = (await call(client, "get_testbed_status")).document
            assert running["agents_running"] is True
            assert "workflow-runner RUNNING" in running["supervisord_status"]
            assert (await call(client, "get_system_state")).document["status"]["ready"] is True
            assert (await call(client, "stop_user_testbed")).document["accepted"] is True
            assert (await call(client, "get_testbed_status")).document["agents_running"] is False

    anyio.run(talk)
    assert set(journal(home)) == {
        *("start_workflow", "send_message", "end_execution"),
        *("stop_workflow", "kill_agent", "stop_user_testbed"),
    }


def pretend_to_be_an_agent(home: Path, pid: int) -> None:
    """A heart-beat that names somebody else's process."""
    database = open_database(sqlite_url(home / ".state/swf.db"))
    beat = Heartbeat(
        "data-agent-mallory-1", "data", "OK", datetime.now(UTC), pid=pid, hostname=socket.gethostname()
    )
    with database.write() as connection:
        agents.heartbeat(connection, beat)
    database.close()


def test_what_is_not_ours_is_not_killed(home: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    async def talk() -> None:
        async with over_stdio(home, environment(), "--allow-write") as client:
            assert not (await call(client, "start_user_testbed", config_name="watched_default")).failed
            pretend_to_be_an_agent(home, stranger.pid)
            refused = await call(client, "kill_agent", name="data-agent-mallory-1")
            assert refused.document["exit_code"] == 5
            assert "does not own" in refused.document["error"]
            for name in ("1", str(stranger.pid), "supervisord"):
                assert (await call(client, "kill_agent", name=name)).document["exit_code"] == 2

    try:
        anyio.run(talk)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.communicate()


def test_two_assistants_share_a_home(home: Path) -> None:
    async def talk() -> None:
        async with over_stdio(home, environment()) as first, over_stdio(home, environment()) as second:
            assert (await call(first, "list_runs")).items == []
            assert (await call(second, "list_runs")).items == []

    anyio.run(talk)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(home: Path, number: signal.Signals) -> None:
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


def test_it_ends_when_the_client_leaves(home: Path) -> None:
    words = [str(PROGRAMS / "swf-console"), "--home", str(home), "mcp"]
    done = run(words, cwd=home, environment=environment(), timeout=20)
    assert (done.returncode, done.stdout) == (0, "")


def test_over_http_a_token_is_asked_for(home: Path) -> None:
    given = environment(SWF_API_TOKEN="a-token", PYTHONUNBUFFERED="1")
    words = [sys.executable, "-m", "swf_console", "--home", str(home), "mcp", "--http", "--port", "0"]
    process = subprocess.Popen(
        [*words, "--allow-write"], cwd=home, env=given, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        url = process.stderr.readline().split()[5].rstrip(";")
        wait_for(lambda: httpx.post(url).status_code == 401, every=0.1)
        wrong = httpx.post(url, headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        foreign = httpx.post(
            url, headers={"Authorization": "Bearer a-token", "Origin": "http://evil.example"}
        )
        assert foreign.status_code == 403

        async def talk() -> None:
            import httpx2

            async with (
                httpx2.AsyncClient(headers={"Authorization": "Bearer a-token"}) as http,
                Client(streamable_http_client(url, http_client=http)) as client,
            ):
                assert (await call(client, "list_runs")).items == []

        anyio.run(talk)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--http", "--host", "0.0.0.0"], "other machines"),  # noqa: S104 (refused)
        (["--http", "--allow-write"], "SWF_API_TOKEN"),
        (["--port", "70000"], "no port"),
    ],
)
def test_what_would_be_open_to_others_is_not_served(home: Path, arguments: list[str], says: str) -> None:
    words = [str(PROGRAMS / "swf-console"), "--home", str(home), "mcp", *arguments]
    done = run(words, cwd=home, environment=environment(), timeout=20)
    assert done.returncode == 2
    assert says in done.stderr
