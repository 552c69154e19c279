"""The commands of the founding document's "Running Workflows", unchanged."""

import json
import os
import signal
from collections.abc import Iterator

import pytest

from ..support.processes.foreground import ForegroundProcess, ProcessResult
from ..support.processes.site import PROGRAMS, Row, Site
from ..support.stomp_socket import StompSocket
from ..support.waiting import wait_for

# Times that a testbed.toml may shorten, so that real time does not take its time.
QUICK_TESTBED = """
[parameters]
no_beam_not_ready_delay = 0.1
broadcast_delay = 0.1
beam_not_ready_delay = 0.1
beam_ready_delay = 0.1
beam_not_ready_end_delay = 0.1
stf_interval = 0.1
"""
RUN_ONCE = """\
# Run workflow with count-based completion (preferred)
python workflows/workflow_runner.py --run-once stf_datataking --workflow-config fast_processing_default --stf-count 10

# Run in REAL-TIME mode (for testing with downstream agents)
python workflows/workflow_runner.py --run-once stf_datataking --workflow-config fast_processing_default --stf-count 5 --realtime

# Run with duration limit
python workflows/workflow_runner.py --run-once stf_datataking --workflow-config fast_processing_default --duration 120

# Override specific parameters
python workflows/workflow_runner.py --run-once stf_datataking \\
--workflow-config fast_processing_default \\
--stf-count 20 \\
--physics-period-count 2 \\
--stf-interval 1.5
"""  # noqa: E501 (as it is written there)
START_RUNNER = "python workflows/workflow_runner.py"
SEND_RUN = (
    "python workflows/send_workflow_command.py run --workflow stf_datataking --stf-count 5 --no-realtime"
)
SEND_STOP = "python workflows/send_workflow_command.py stop --execution-id {}"
SEND_STATUS = "python workflows/send_workflow_command.py status"


def typed(site: Site, command: str) -> ForegroundProcess:
    """Type a command at a shell whose python is the one of the virtual environment."""
    path = f"{PROGRAMS}{os.pathsep}{site.environment['PATH']}"
    return site.start("-c", command, program=["/bin/sh"], environment={"PATH": path})


def answer(site: Site, command: str) -> ProcessResult:
    """Type a command that has to end well."""
    done = typed(site, command).wait()
    assert done.returncode == 0, done
    return done


def stfs(execution: Row) -> object:
    return execution["performance_metrics"]["stf_count"]


@pytest.fixture
def quick_site(site: Site) -> Site:
    testbed = site.home / "workflows" / "testbed.toml"
    testbed.write_text(testbed.read_text().replace("\n[parameters]\n", QUICK_TESTBED))
    return site


@pytest.fixture
def runner(quick_site: Site) -> Iterator[ForegroundProcess]:
    """The persistent agent, started as the document says; ended by Ctrl-C."""
    process = typed(quick_site, f"exec {START_RUNNER}")
    process.wait_for(f"serves namespace {quick_site.namespace}")
    yield process
    process.send_group(signal.SIGINT)
    assert process.wait(20).returncode == 0


def test_orchestrator_one_time_mode_runs_documented_commands(quick_site: Site) -> None:
    done = answer(quick_site, f"set -e\n{RUN_ONCE}")

    count, realtime, limited, overridden = quick_site.executions()
    for execution in (count, realtime, limited, overridden):
        assert execution["execution_id"] in done.stdout
        assert execution["status"] == "completed"
        assert execution["parameter_values"]["workflow"]["configuration"] == "fast_processing_default"
        assert execution["namespace"] == quick_site.namespace
    assert [stfs(one) for one in (count, realtime, limited, overridden)] == [10, 5, 10, 20]
    assert count["performance_metrics"]["realtime"] is False
    assert realtime["performance_metrics"]["realtime"] is True
    metrics = realtime["performance_metrics"]
    assert metrics["wall_seconds"] >= metrics["simulated_seconds"] - 0.2 > 1.0
    types = overridden["performance_metrics"]["messages_by_type"]
    assert (types["pause_run"], types["resume_run"]) == (1, 1)
    assert overridden["performance_metrics"]["simulated_seconds"] > 20 * 1.5


def test_orchestrator_duration_ends_simulation(site: Site) -> None:
    with site.listen() as subscriber:
        report = site.workflow("--workflow-config", "fast_processing_default", "--duration", "20")
        end = subscriber.wait_for_type("end_run")
    assert (report["status"], report["reason"]) == ("completed", "duration")
    assert report["performance_metrics"]["simulated_seconds"] == 20
    assert end["reason"] == "duration"
    assert (
        subscriber.types.count("stf_gen")
        == end["total_stf_files"]
        == report["performance_metrics"]["stf_count"]
        < 10
    )


def test_runner_sent_command_is_run(quick_site: Site, runner: ForegroundProcess) -> None:
    with quick_site.listen() as subscriber:
        said = answer(quick_site, SEND_RUN).stdout
        (execution,) = quick_site.executions()
        assert execution["execution_id"] in said
        ended = quick_site.wait_status(execution["execution_id"], "completed")
        subscriber.wait_for_type("end_run")
    assert stfs(ended) == 5
    assert ended["performance_metrics"]["realtime"] is False
    assert subscriber.types == ["run_imminent", "start_run", *["stf_gen"] * 5, "end_run"]


def test_runner_stop_of_one_execution_leaves_the_other(quick_site: Site, runner: ForegroundProcess) -> None:
    # long enough that neither ends before it is stopped, however slow the machine is
    command = SEND_RUN.replace("--stf-count 5 --no-realtime", "--stf-count 10000 --realtime")
    answer(quick_site, command)
    first = quick_site.running()
    answer(quick_site, command)
    second = next(one["execution_id"] for one in quick_site.executions() if one["execution_id"] != first)

    def sent_by_second() -> int:
        return sum(
            one["msg_type"] == "stf_gen" and one["execution_id"] == second for one in subscriber.messages
        )

    with quick_site.listen() as subscriber:
        assert first in answer(quick_site, SEND_STOP.format(first)).stdout
        stopped = quick_site.wait_status(first, "terminated")
        end = subscriber.wait_for_type("end_run")
        before = sent_by_second()
        wait_for(lambda: sent_by_second() > before + 5, 30)
        assert quick_site.execution(second)["status"] == "running"
        answer(quick_site, SEND_STOP.format(second))
        finished = quick_site.wait_status(second, "terminated")
        wait_for(lambda: sent_by_second() == stfs(finished), 30)
    assert (end["execution_id"], end["reason"]) == (first, "stopped")
    assert stopped["end_time"] is not None
    assert all(row["delivered_at"] for row in quick_site.messages(first))


def test_runner_status_agrees_with_database(quick_site: Site, runner: ForegroundProcess) -> None:
    def agent() -> Row:
        (row,) = quick_site.rows("SELECT * FROM swf_systemagent WHERE namespace = ?", quick_site.namespace)
        return row

    idle = answer(quick_site, SEND_STATUS).stdout
    assert "READY" in idle
    assert "DAQ_Simulator" in idle
    assert (agent()["agent_type"], agent()["operational_state"]) == ("DAQ_Simulator", "READY")
    assert agent()["instance_name"].startswith("DAQ_Simulator-agent-shifter-")
    assert agent()["pid"] == runner.pid

    answer(quick_site, SEND_RUN.replace("--stf-count 5 --no-realtime", "--stf-count 1000 --realtime"))
    execution = quick_site.running()
    wait_for(lambda: agent()["agent_type"] == "STF_Datataking")
    assert agent()["operational_state"] == "PROCESSING"
    busy = answer(quick_site, SEND_STATUS).stdout
    assert "STF_Datataking" in busy
    assert execution in busy

    answer(quick_site, f"{SEND_STATUS.replace('status', 'stop')}")
    quick_site.wait_status(execution, "terminated")
    wait_for(lambda: agent()["agent_type"] == "DAQ_Simulator")


def test_runner_stopped_reports_exit_and_ends_executions(quick_site: Site) -> None:
    process = typed(quick_site, f"exec {START_RUNNER}")
    process.wait_for("serves namespace")
    with quick_site.listen() as subscriber:
        answer(quick_site, SEND_RUN.replace("--stf-count 5 --no-realtime", "--stf-count 1000 --realtime"))
        execution = subscriber.wait_for_type("stf_gen")["execution_id"]
        process.send(signal.SIGTERM)
        assert process.wait(20).returncode == 0
        end = subscriber.wait_for_type("end_run")
    assert end["reason"] == "stopped"
    assert quick_site.execution(execution)["status"] == "terminated"
    (agent,) = quick_site.rows("SELECT * FROM swf_systemagent WHERE namespace = ?", quick_site.namespace)
    assert (agent["status"], agent["operational_state"]) == ("EXITED", "EXITED")


def test_runner_invalid_command_is_answered(quick_site: Site, runner: ForegroundProcess) -> None:
    wrong = {
        SEND_RUN.replace("stf_datataking", "stf_datatakin"): "stf_datataking",
        SEND_RUN.replace("stf_datataking", "../../etc/passwd"): "is not valid",
        f"{SEND_RUN} --workflow-config ../../etc/passwd": "is not a valid configuration name",
        SEND_RUN.replace("--stf-count 5", "--set fast_processing.nonsense=1"): "nonsense",
        SEND_STOP.format("stf_datataking-nobody-9999"): "stf_datataking-nobody-9999",
    }
    for command, reason in wrong.items():
        done = typed(quick_site, command).wait()
        assert (done.returncode, done.stdout) == (5, ""), done
        assert "refused" in done.stderr
        assert reason in done.stderr
    assert quick_site.executions() == []
    assert runner.running


def test_runner_not_running_command_waits_in_queue(quick_site: Site) -> None:
    waiting = typed(quick_site, f"{SEND_RUN} --timeout 0.5").wait()
    assert waiting.returncode == 4
    assert "stays in the queue" in waiting.stderr
    process = typed(quick_site, f"exec {START_RUNNER}")
    (done,) = quick_site.wait_rows(
        "SELECT * FROM swf_workflow_executions WHERE status = 'completed' AND namespace = ?",
        quick_site.namespace,
    )
    assert done["executed_by"] == "shifter"
    process.send(signal.SIGTERM)
    assert process.wait(20).returncode == 0


def test_runner_ignores_commands_of_other_namespace(quick_site: Site, runner: ForegroundProcess) -> None:
    other = f"{quick_site.namespace}-other"
    waiting = typed(quick_site, f"{SEND_RUN} --timeout 1 --namespace {other}").wait()
    assert waiting.returncode == 4
    answer(quick_site, SEND_STATUS)
    assert quick_site.rows("SELECT * FROM swf_workflow_executions WHERE namespace = ?", other) == []
    second = typed(quick_site, f"exec {START_RUNNER} --namespace {other}")
    quick_site.wait_rows(
        "SELECT * FROM swf_workflow_executions WHERE status = 'completed' AND namespace = ?", other
    )
    second.send(signal.SIGTERM)
    assert second.wait(20).returncode == 0


def test_runner_repeated_command_is_run_once(quick_site: Site, runner: ForegroundProcess) -> None:
    address = quick_site.address()
    body = {
        "msg_type": "run_workflow",
        "namespace": quick_site.namespace,
        "workflow_name": "stf_datataking",
        "config": None,
        "realtime": False,
        "params": {"stf_count": 1},
    }
    headers = {
        "swf_message_id": "0d2f4a53-9c7e-4c8f-9a6f-2b1f5b8f7a10",
        "namespace": quick_site.namespace,
        "persistent": "true",
    }
    with StompSocket(address.host, address.port) as broker:
        broker.connect(address.user, address.password)
        for _ in range(2):
            broker.put("/queue/workflow_control", json.dumps(body), **headers)
    answer(quick_site, SEND_RUN)
    wait_for(lambda: [one["status"] for one in quick_site.executions()] == ["completed"] * 2)


def test_runner_without_broker_starts_one(embedded_site: Site) -> None:
    process = typed(embedded_site, f"exec {START_RUNNER}")
    process.wait_for("serves namespace")
    answer(embedded_site, SEND_RUN)
    (execution,) = embedded_site.executions()
    embedded_site.wait_status(execution["execution_id"], "completed")
    process.send_group(signal.SIGINT)
    assert process.wait(20).returncode == 0
