"""The least that a run of ten STFs can cost: the same libraries, the same messages, the same rows.

`python -m bench.floor DATABASE_URL HOST PORT USER PASSWORD`, over tables that are there. It draws no numbers,
reads no configuration, asks no git, holds no lease and tries nothing twice: what a run costs above this is
what it does beyond it.
"""

import json
import sys
import threading
import tomllib
import uuid
from datetime import UTC, datetime
from typing import Any

import simpy
import stomp
from sqlalchemy import create_engine, text

TOPIC = "/topic/epictopic"
STATES = ("no_beam", "beam", "beam", "run", "beam", "no_beam")
TYPES = ("run_imminent", "start_run", *["stf_gen"] * 10, "end_run")
NAMESPACE = text("""
    INSERT INTO swf_namespace (name, owner, description, created_at, updated_at)
    VALUES (:mark, 'floor', '', :now, :now)
    """)
DEFINITION = text("""
    INSERT INTO swf_workflow_definitions (workflow_name, version, workflow_type, definition, parameter_values,
        created_by, created_at, updated_at)
    VALUES (:mark, '1', 'floor', :code, :table, 'floor', :now, :now) RETURNING id
    """)
EXECUTION = text("""
    INSERT INTO swf_workflow_executions (execution_id, workflow_definition_id, namespace, parameter_values,
        status, start_time, executed_by, execution_environment)
    VALUES (:mark, :definition, :mark, :table, 'running', :now, 'floor', :table)
    """)
AGENT = text("""
    INSERT INTO swf_systemagent (instance_name, agent_type, description, status, last_heartbeat,
        workflow_enabled, current_stf_count, total_stf_processed, operational_state, namespace, created_at,
        updated_at)
    VALUES (:mark, 'floor', '', 'OK', :now, true, 0, 0, 'READY', :mark, :now, :now)
    """)
RUN_STATE = text("""
    INSERT INTO swf_run_state (run_number, phase, state, target_worker_count, active_worker_count,
        stf_samples_received, slices_created, slices_queued, slices_processing, slices_completed,
        slices_failed, state_changed_at, updated_at)
    VALUES (:number, 'ended', 'no_beam', 0, 0, 0, 0, 0, 0, 0, 0, :now, :now)
    """)
EVENT = text("""
    INSERT INTO swf_system_state_events (timestamp, run_number, event_type, state, event_data)
    VALUES (:now, :number, 'state_change', :state, :table)
    """)
MESSAGE = text("""
    INSERT INTO swf_workflow_messages (message_id, message_type, sent_at, message_content, namespace,
        execution_id, run_id, sender_agent, queue_name)
    VALUES (:id, :type, :now, :body, :mark, :mark, :run, :mark, :topic)
    """)
DELIVERED = text("UPDATE swf_workflow_messages SET delivered_at = :now WHERE message_id = :id")
ENDED = text(
    "UPDATE swf_workflow_executions SET status = 'completed', end_time = :now WHERE execution_id = :mark"
)
GONE = text("UPDATE swf_systemagent SET status = 'EXITED' WHERE instance_name = :mark")


class Receipts(stomp.ConnectionListener):
    """Counts receipts, and says when the last has come."""

    def __init__(self, wanted: int) -> None:
        self.left = wanted
        self.all = threading.Event()

    def on_receipt(self, _frame: Any) -> None:
        self.left -= 1
        if not self.left:
            self.all.set()


def simulated() -> list[str]:
    """The types of the messages of a run, in the order in which SimPy reaches them."""
    env = simpy.Environment()
    reached: list[str] = []

    def run() -> Any:
        for kind in TYPES:
            yield env.timeout(1)
            reached.append(kind)

    env.process(run())
    env.run()
    return reached


def message(kind: str, mark: str) -> dict[str, str]:
    """One message as its row holds it."""
    content = {
        "msg_type": kind,
        "namespace": mark,
        "execution_id": mark,
        "sender": mark,
        "run_id": "1",
        "timestamp": now(),
        "filename": "swf.1.000001.stf",
        "sequence": 1,
        "state": "run",
        "substate": "physics",
        "simulation_tick": 1.0,
    }
    return {"id": uuid.uuid4().hex, "type": kind, "body": json.dumps(content), "run": "1", "topic": TOPIC}


def now() -> str:
    """The time, as both databases take it."""
    return datetime.now(UTC).isoformat(" ")


def main(url: str, host: str, port: str, user: str, password: str) -> None:
    """Run ten STFs."""
    mark = uuid.uuid4().hex
    parameters = tomllib.loads("[fast]\nstf_count = 10\n")
    shared = {"mark": mark, "table": json.dumps(parameters), "number": uuid.uuid4().int % 2**31}
    messages = [message(kind, mark) for kind in simulated()]
    engine = create_engine(url)
    with engine.begin() as connection:
        begun = {**shared, "now": now(), "code": "floor"}
        connection.execute(NAMESPACE, begun)
        begun["definition"] = connection.scalar(DEFINITION, begun)
        for statement in (EXECUTION, AGENT, RUN_STATE):
            connection.execute(statement, begun)
        connection.execute(EVENT, [{**begun, "state": state} for state in STATES])
        connection.execute(MESSAGE, [{**begun, **one} for one in messages])
    broker = stomp.Connection12([(host, int(port))], try_loopback_connect=False)
    receipts = Receipts(len(messages))
    broker.set_listener("floor", receipts)
    broker.connect(user, password, wait=True)
    for one in messages:
        headers = {"persistent": "true", "swf_message_id": one["id"]}
        broker.send(TOPIC, one["body"], "application/json", headers, receipt=one["id"])
    receipts.all.wait()
    with engine.begin() as connection:
        ended = {**shared, "now": now()}
        connection.execute(DELIVERED, [{"id": one["id"], "now": ended["now"]} for one in messages])
        connection.execute(ENDED, ended)
        connection.execute(GONE, ended)
    broker.remove_listener("floor")
    broker.disconnect()
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
