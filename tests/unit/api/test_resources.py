"""Each endpoint as agents use it."""

from typing import Any

import pytest

from swf_console.backend.database import executions
from swf_console.backend.database.records.workflows import NewExecution
from tests.support.monitor import SAMPLE, STF, Monitor

DEFINITION = {
    "workflow_name": "stf_datataking",
    "version": "1.0",
    "workflow_type": "custom",
    "definition": "class WorkflowExecutor: ...\n",
    "parameter_values": {"defaults": {"a": 1}},
    "created_by": "shifter",
}
AGENT = {
    "instance_name": "data-agent-shifter-7",
    "agent_type": "DATA",
    "status": "OK",
    "description": "DATA agent. MQ: connected",
    "mq_connected": True,
    "pid": 4711,
    "hostname": "node",
    "operational_state": "READY",
}
EVENT = {
    "timestamp": "2026-01-01T00:00:00.123456",
    "run_number": "100010",
    "event_type": "start_run",
    "state": "run",
    "substate": None,
    "event_data": {"execution_id": "x-1", "big": 12345678901234567890123},
}


@pytest.fixture
def definition(monitor: Monitor) -> int:
    return int(monitor.post("/workflow-definitions/", DEFINITION)["id"])


def execution(definition: int, **more: Any) -> dict[str, Any]:
    return {
        "execution_id": "stf_datataking-shifter-0001",
        "workflow_definition": definition,
        "namespace": "epic",
        "status": "running",
        "executed_by": "shifter",
        "start_time": "2026-01-01T00:00:00Z",
        "parameter_values": {"workflow": {"name": "stf_datataking"}, "section": {"stf_count": 5}},
        **more,
    }


def test_state_numbers_are_drawn_in_order(monitor: Monitor) -> None:
    assert [monitor.post("/state/next-run-number/", status=200)["run_number"] for _ in range(2)] == [
        100010,
        100011,
    ]
    assert monitor.post("/state/next-agent-id/", status=200) == {"status": "success", "agent_id": 1}
    drawn = monitor.post("/state/next-workflow-execution-id/", {"workflow_name": "w"}, 200)
    assert (drawn["status"], drawn["sequence"]) == ("success", 1)


def test_state_invalid_request_has_status_error(monitor: Monitor) -> None:
    answer = monitor.post("/state/next-workflow-execution-id/", {"workflow_name": {}}, 400)
    assert answer["status"] == "error"
    assert "workflow_name" in answer["error"]
    assert monitor.post("/namespaces/ensure/", {}, 400)["status"] == "error"


def test_heartbeat_first_registers_and_next_updates_agent(monitor: Monitor) -> None:
    first = monitor.post("/systemagents/heartbeat/", {**AGENT, "metadata": {"a": 1}}, 200)
    assert (first["status"], first["pid"], first["operational_state"]) == ("OK", 4711, "READY")
    assert first["last_heartbeat"] is not None
    beat = {**AGENT, "status": "EXITED", "operational_state": "EXITED", "metadata": {"b": 2}}
    monitor.post("/systemagents/heartbeat/", beat, 200)
    minimal = {"instance_name": AGENT["instance_name"], "agent_type": "DATA", "status": "WARNING"}
    last = monitor.post("/systemagents/heartbeat/", minimal, 200)
    assert (last["status"], last["operational_state"]) == ("WARNING", "EXITED")
    assert last["metadata"] == {"a": 1, "b": 2, "mq_connected": True}
    assert (
        monitor.post("/systemagents/heartbeat/", {**minimal, "metadata": {}}, 200)["metadata"]
        == last["metadata"]
    )
    lost = monitor.post("/systemagents/heartbeat/", {**minimal, "mq_connected": False}, 200)
    assert lost["metadata"] == {"a": 1, "b": 2, "mq_connected": False}
    assert last["description"] == AGENT["description"]
    assert [row["instance_name"] for row in monitor.get("/systemagents/")] == [AGENT["instance_name"]]
    assert monitor.get("/systemagents/?namespace=other") == []


@pytest.mark.parametrize("wrong", [{"status": "FINE"}, {"operational_state": "ASLEEP"}, {"pid": "many"}])
def test_heartbeat_invalid_value_is_refused(monitor: Monitor, wrong: dict[str, str]) -> None:
    assert list(monitor.post("/systemagents/heartbeat/", {**AGENT, **wrong}, 400)) == list(wrong)


def test_subscribers_name_with_slashes_registers_twice(monitor: Monitor) -> None:
    new = {"subscriber_name": "data-agent-7-/topic/epictopic", "is_active": True, "fraction": 1.0}
    row = monitor.post("/subscribers/", new)
    assert row["subscriber_name"] == new["subscriber_name"]
    assert monitor.post("/subscribers/", new, 200) == row


def test_logs_repeated_line_is_stored_once(monitor: Monitor) -> None:
    line = {
        "app_name": "base_agent",
        "instance_name": "a-1",
        "timestamp": "2026-01-01T00:00:00.000001",
        "level": 20,
        "levelname": "INFO",
        "message": "one\ntwo",
        "module": "m",
        "funcname": "<module>",
        "lineno": 1,
        "process": 2,
        "thread": 139_000_000_000_000,
        "extra_data": None,
    }
    monitor.post("/logs/", line)
    monitor.post("/logs/", line, 200)
    monitor.post("/logs/", {**line, "message": "three"})
    with monitor.database.read() as connection:
        from swf_console.backend.database import logs
        from swf_console.backend.database.records.agents import LogFilter

        assert [entry.message for entry in logs.page(connection, LogFilter()).items] == [
            "three",
            "one\ntwo",
        ]


def test_definitions_repeated_create_changes_nothing(monitor: Monitor) -> None:
    row = monitor.post("/workflow-definitions/", DEFINITION)
    assert monitor.post("/workflow-definitions/", {**DEFINITION, "definition": "other"}, 200) == row
    assert monitor.get("/workflow-definitions/?workflow_name=stf_datataking&version=1.0") == [row]
    assert monitor.get("/workflow-definitions/?version=2") == []
    assert monitor.get(f"/workflow-definitions/{row['id']}/") == row


def test_namespaces_ensure_existing_keeps_owner(monitor: Monitor) -> None:
    first = monitor.post("/namespaces/ensure/", {"name": "epic", "owner": "a"})
    assert (first["status"], first["created"]) == ("success", True)
    again = monitor.post("/namespaces/ensure/", {"name": "epic", "owner": "b"}, 200)
    assert (again["created"], again["owner"]) == (False, "a")
    assert [row["name"] for row in monitor.get("/namespaces/")] == ["epic"]


def test_executions_create_read_and_change(monitor: Monitor, definition: int) -> None:
    row = monitor.post("/workflow-executions/", execution(definition))
    assert row["workflow_definition"] == definition
    path = "/workflow-executions/stf_datataking-shifter-0001/"
    assert monitor.get(path)["parameter_values"]["section"] == {"stf_count": 5}
    end = {"status": "completed", "end_time": "2026-01-01T00:01:00+01:00"}
    assert monitor.patch(path, end)["status"] == "completed"
    assert monitor.patch(path, end)["end_time"] == "2025-12-31T23:01:00Z"
    assert monitor.patch(path, {"status": "running"})["status"] == "completed"


def test_executions_id_with_dots_and_slashes_is_found(monitor: Monitor, definition: int) -> None:
    for identity in ("a.b.c", "a/b", "a b%c"):
        monitor.post("/workflow-executions/", execution(definition, execution_id=identity))
    assert monitor.get("/workflow-executions/a.b.c/")["execution_id"] == "a.b.c"
    assert monitor.get("/workflow-executions/a/b/")["execution_id"] == "a/b"
    assert monitor.get("/workflow-executions/a%20b%25c/")["execution_id"] == "a b%c"


def test_executions_unknown_definition_is_refused(monitor: Monitor) -> None:
    assert list(monitor.post("/workflow-executions/", execution(7), 400)) == ["workflow_definition"]


def test_executions_list_is_newest_first_and_filtered(monitor: Monitor, definition: int) -> None:
    for number in range(3):
        new = execution(definition, execution_id=f"e-{number}", start_time=f"2026-01-0{number + 1}T00:00:00Z")
        monitor.post("/workflow-executions/", {**new, "namespace": f"n{number % 2}"})
    listed = monitor.get("/workflow-executions/")
    assert [row["execution_id"] for row in listed] == ["e-2", "e-1", "e-0"]
    assert listed[0]["parameter_values"]["section"] == {"stf_count": 5}
    for query, count in (("namespace=n0", 2), ("status=failed", 0), ("workflow_name=stf_datataking", 3)):
        assert len(monitor.get(f"/workflow-executions/?{query}")) == count
    assert monitor.get("/workflow-executions/?workflow_name=stf_datataking&limit=1")["count"] == 3


def test_executions_owned_by_runner_refuse_other_end(monitor: Monitor, definition: int) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    held = NewExecution("e-held", definition, "n", {}, "shifter", now, owner="host:1", lease_expires_at=now)
    with monitor.database.write() as connection:
        executions.insert(connection, held)
    assert list(monitor.patch("/workflow-executions/e-held/", {"status": "completed"}, 400)) == ["status"]
    assert monitor.patch("/workflow-executions/e-held/", {"performance_metrics": {"a": 1}})


def test_run_states_patch_unknown_creates_it(monitor: Monitor) -> None:
    made = monitor.patch("/run-states/100010/", {"phase": "physics", "metadata": {"a": 1}})
    assert (made["phase"], made["state"], made["metadata"]) == ("physics", "unknown", {"a": 1})
    assert monitor.get("/run-states/")[0]["run_number"] == 100010


def test_run_states_create_existing_only_adds_metadata(monitor: Monitor) -> None:
    monitor.post("/run-states/", {"run_number": 1, "phase": "physics", "metadata": {"a": 1}})
    again = monitor.post("/run-states/", {"run_number": 1, "phase": "new", "metadata": {"a": 2, "b": 3}}, 200)
    assert (again["phase"], again["metadata"]) == ("physics", {"a": 1, "b": 3})


def test_runs_patch_by_id_or_number_ends_run(monitor: Monitor) -> None:
    run = monitor.post("/runs/", {"run_number": 100010, "run_conditions": {"beam": "Au"}})
    assert monitor.get("/runs/?run_number=100010")[0]["run_id"] == run["run_id"]
    for key in (run["run_id"], 100010):
        assert monitor.patch(f"/runs/{key}/", {"end_time": "2026-01-01T01:00:00Z"})["end_time"]


def test_stf_files_and_samples_are_identified_by_name(monitor: Monitor) -> None:
    sample = monitor.register_sample()
    assert {name: sample[name] for name in ("tf_filename", "tf_first", "tf_last", "tf_count", "status")} == {
        "tf_filename": SAMPLE,
        "tf_first": 1,
        "tf_last": 10,
        "tf_count": 10,
        "status": "registered",
    }
    (stf,) = monitor.get(f"/stf-files/?stf_filename={STF}&run_number=100010&status=registered")
    monitor.post("/stf-files/", {"run": 100010, "stf_filename": STF, "status": "done"}, 200)
    path = f"/stf-files/{stf['file_id']}/"
    monitor.patch(path, {"metadata": {"a": 1}})
    changed = monitor.patch(path, {"status": "processed", "metadata": {"b": 2}})
    assert (changed["status"], changed["metadata"]) == ("processed", {"a": 1, "b": 2})
    assert monitor.patch(f"/fastmon-files/{sample['tf_file_id']}/", {"status": "done"})["status"] == "done"
    again = {"stf_file": stf["file_id"], "tf_filename": SAMPLE}
    assert monitor.post("/fastmon-files/", again, 200)["tf_file_id"] == sample["tf_file_id"]
    assert len(monitor.get(f"/fastmon-files/?stf_filename={STF}")) == 1


def test_files_unknown_parent_or_status_is_refused(monitor: Monitor) -> None:
    assert list(monitor.post("/stf-files/", {"run": 7, "stf_filename": "x"}, 400)) == ["run"]
    unknown = {"stf_file": "unknown.stf", "tf_filename": "x"}
    assert list(monitor.post("/fastmon-files/", unknown, 400)) == ["stf_file"]
    monitor.register_sample()
    (stf,) = monitor.get("/stf-files/")
    assert list(monitor.patch(f"/stf-files/{stf['file_id']}/", {"status": "eaten"}, 400)) == ["status"]


def test_fastmon_files_bulk_create_is_atomic(monitor: Monitor) -> None:
    monitor.register_sample()
    many = [{"stf_file": STF, "tf_filename": f"s_{number}.tf"} for number in range(20)]
    rows = monitor.post("/fastmon-files/", many)
    assert monitor.post("/fastmon-files/", many, 200) == rows
    half = [many[0], {"stf_file": "x", "tf_filename": "y"}]
    assert "1.stf_file" in monitor.post("/fastmon-files/", half, 400)
    assert monitor.get("/fastmon-files/?tf_filename=y") == []


def test_events_repeated_event_is_one_row(monitor: Monitor) -> None:
    row = monitor.post("/system-state-events/", EVENT)
    assert monitor.post("/system-state-events/", EVENT, 200)["event_id"] == row["event_id"]
    monitor.post("/system-state-events/", {**EVENT, "event_data": {}})
    assert len(monitor.get("/system-state-events/?run_number=100010&event_type=start_run")) == 2


def test_events_without_state_is_stored(monitor: Monitor) -> None:
    assert monitor.post("/system-state-events/", {**EVENT, "state": None})["state"] == ""


def test_workers_create_and_change(monitor: Monitor) -> None:
    new = {"worker_id": "panda/1.2", "run_number": 100010, "panda_job": "7", "status": "up"}
    row = monitor.post("/workers/", new)
    assert monitor.post("/workers/", new, 200) == row
    done = monitor.patch("/workers/panda/1.2/", {"status": "done", "slices_completed": "12"})
    assert (done["status"], done["slices_completed"]) == ("done", 12)
    assert monitor.get("/workers/?run_number=100010&status=done")


def test_messages_repeated_message_is_recorded_once(monitor: Monitor) -> None:
    new = {
        "msg_type": "sse_test",
        "sender": "tester",
        "namespace": "epic",
        "execution_id": "x-1",
        "run_id": 100010,
        "message_content": {"n": 1},
        "sent_at": "2026-01-01T00:00:00Z",
    }
    row = monitor.post("/workflow-messages/", new)
    assert (row["message_type"], row["sender_agent"], row["run_id"]) == ("sse_test", "tester", "100010")
    assert monitor.post("/workflow-messages/", new, 200)["message_id"] == row["message_id"]
    for query, count in (("execution_id=x-1", 1), ("msg_type=other", 0), ("since=2026-01-02T00:00:00Z", 0)):
        assert len(monitor.get(f"/workflow-messages/?namespace=epic&{query}")) == count


def test_metrics_rows_are_exposed_to_prometheus(monitor: Monitor, definition: int) -> None:
    monitor.post("/workflow-executions/", execution(definition))
    monitor.post("/systemagents/heartbeat/", AGENT, 200)
    monitor.post("/workflow-messages/", {"msg_type": 'a"b\nc', "message_content": 1}, 400)
    monitor.post("/workflow-messages/", {"msg_type": 'a"b', "message_content": 1})
    text = monitor.ask("GET", "/metrics").text
    for line in (
        'swf_executions{status="running"} 1.0',
        'swf_agents{state="READY",status="OK"} 1.0',
        'swf_messages_recent{delivered="false",type="a\\"b"} 1.0',
        "swf_outbox_depth 1.0",
        'swf_errors_total{backend="database"} 0.0',
        "swf_broker_up 0.0",
    ):
        assert line in text.splitlines()


def test_systemagent_is_read_by_id_and_by_name(monitor: Monitor) -> None:
    agent = monitor.post("/systemagents/heartbeat/", AGENT, 200)
    assert monitor.get(f"/systemagents/{agent['id']}/") == agent
    assert monitor.get(f"/systemagents/{AGENT['instance_name']}/") == agent
    assert monitor.ask("GET", "/api/systemagents/999/").status_code == 400


@pytest.mark.parametrize("placeholder", ["your-namespace", " Your-Namespace "])
def test_namespace_placeholder_is_refused(monitor: Monitor, definition: int, placeholder: str) -> None:
    answer = monitor.post("/namespaces/ensure/", {"name": placeholder}, 400)
    assert "is a placeholder" in answer["error"]
    refused = monitor.post("/workflow-executions/", execution(definition, namespace=placeholder), 400)
    assert list(refused) == ["namespace"]
    assert (monitor.get("/namespaces/"), monitor.get("/workflow-executions/")) == ([], [])
