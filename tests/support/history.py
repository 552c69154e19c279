"""Rows of the past: executions with messages and states, as an engine would have left them."""

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from swf_console.backend.database import (
    Database,
    definitions,
    executions,
    files,
    messages,
    namespaces,
    runs,
    slices,
    workers,
)
from swf_console.backend.database.records.messages import NewMessage
from swf_console.backend.database.records.processing import NewFastmonFile, NewStfFile, NewTfSlice
from swf_console.backend.database.records.workflows import NewDefinition, NewExecution, RunState, StateEvent

BEGAN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
CODE = "class WorkflowExecutor: pass\n"
PARAMETERS = {
    "workflow": {
        "name": "stf_datataking",
        "version": "1.0",
        "description": "",
        "configuration": "stf_datataking_default",
    },
    "daq_state_machine": {"stf_interval": 2.0},
    "stf_processing": {"stf_count": 10},
}
METRICS = {"reason": "completed", "run_number": 100010, "stf_count": 10, "wall_seconds": 0.5}


def add_execution(
    database: Database,
    number: int = 1,
    *,
    status: str = "completed",
    error: str | None = None,
    trace: str | None = None,
    namespace: str = "demo",
    **columns: Any,
) -> str:
    """Store one execution, begun `number` minutes after noon; returns its id."""
    execution_id = f"stf_datataking-shifter-{number:04d}"
    environment = {"workflow": {"sha256": hashlib.sha256(CODE.encode()).hexdigest()}}
    began = BEGAN + timedelta(minutes=number)
    values: dict[str, Any] = {
        "parameter_values": PARAMETERS,
        "executed_by": "shifter",
        "execution_environment": environment,
    }
    metrics = columns.pop("metrics", METRICS)
    with database.write() as connection:
        namespaces.ensure(connection, namespace, "shifter")
        new = NewDefinition("stf_datataking", "1.0", "stf_processing", CODE, {}, "shifter")
        definition = definitions.ensure(connection, new)
        executions.insert(
            connection,
            NewExecution(
                execution_id=execution_id,
                workflow_definition_id=definition.id,
                namespace=namespace,
                start_time=began,
                **{**values, **columns},
            ),
        )
        if status != "running":
            executions.finish(
                connection,
                execution_id,
                status=status,
                end_time=began + timedelta(seconds=30),
                performance_metrics=metrics,
                error_message=error,
                stack_trace=trace,
            )
    return execution_id


def add_messages(
    database: Database,
    execution_id: str,
    count: int,
    *,
    kind: str = "stf_gen",
    content: Any = None,
    began: datetime = BEGAN,
    **columns: Any,
) -> list[str]:
    """Store `count` messages of one type, a second apart; returns their ids, the oldest first."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    rows = [
        NewMessage(
            message_id=identity,
            message_type=kind,
            sent_at=began + timedelta(seconds=n),
            content_json=json.dumps(
                content if content is not None else {"msg_type": kind, "sequence": n + 1}
            ),
            execution_id=execution_id,
            **{"namespace": "demo", "run_id": "100010", "sender_agent": "daq", **columns},
        )
        for n, identity in enumerate(ids)
    ]
    with database.write() as connection:
        messages.record(connection, rows)
    return ids


def add_states(database: Database, execution_id: str, run_number: int = 100010, count: int = 2) -> None:
    """Store `count` state events of a run."""
    rows = [
        StateEvent(
            timestamp=BEGAN + timedelta(seconds=n),
            run_number=run_number,
            event_type="state_change",
            state="beam",
            substate="ready",
            event_data={"execution_id": execution_id, "simulation_tick": float(n)},
        )
        for n in range(count)
    ]
    with database.write() as connection:
        runs.insert_events(connection, rows)


def add_chain(kept: Database, run_number: int = 100010, stfs: int = 3) -> None:
    """STF files, a TF sample and a worker for each, two slices of each sample."""
    names = [f"swf.{run_number}.{number:06d}.stf" for number in range(1, stfs + 1)]
    samples = [name.replace(".stf", "_tf_001.tf") for name in names]
    with kept.write() as connection:
        state = RunState(run_number, "physics", "run", "physics", 2, BEGAN)
        runs.upsert_run_state(connection, state)
        files.register_stf_files(connection, [NewStfFile(name, run_number, BEGAN) for name in names])
        pairs = zip(samples, names, strict=True)
        files.register_fastmon_files(connection, [NewFastmonFile(tf, stf, 0, 9, 10) for tf, stf in pairs])
        known = files.fastmon_ids(connection, samples)
        new = [NewTfSlice(tf, number, 0, 4, 5, run_number) for tf in samples for number in (0, 1)]
        slices.create(connection, new, known)
        for number in range(stfs):
            worker = {"worker_id": f"worker-{run_number}-{number}", "run_number": run_number}
            more = {"panda_job": "", "location": "here", "status": "idle", "started_at": BEGAN}
            workers.rows.ensure(connection, {**worker, **more})
