"""A run in fast processing as its runner tells of it, and what it has to leave behind."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from swf_console.backend.core.destinations import EPICTOPIC
from swf_console.backend.database import Database, runs
from swf_console.backend.database.records.workflows import RunState
from swf_console.backend.database.tables.processing import tf_slices, workers
from swf_console.backend.database.tables.workflows import run_states
from swf_console.backend.messaging.message import OutgoingMessage, make
from tests.support.agents import EXECUTION, NAMESPACE, RUN
from tests.support.snapshots import snapshot

STFS = 10
SLICES = 5
WORKERS = 4
SECTIONS: dict[str, Any] = {
    "workflow": {"name": "stf_datataking"},
    "daq_state_machine": {"stf_interval": 2.0},
    "fast_processing": {
        "stf_sampling_rate": 0.3,
        "slices_per_sample": SLICES,
        "target_worker_count": WORKERS,
        "slice_processing_time": 30,
        "worker_rampup_time": 300,
        "worker_rampdown_time": 60,
    },
}
BY_CHANCE = ("assigned_worker", "slices_completed")  # which worker was free first
START = datetime(2026, 1, 1, tzinfo=UTC)


def the_run(number: int = RUN, stfs: int = STFS) -> list[OutgoingMessage]:
    """The messages of one run, each with its time."""
    common = {"namespace": NAMESPACE, "execution_id": EXECUTION, "run_id": str(number), "sender": "runner"}
    contents: list[dict[str, Any]] = [
        {"msg_type": "run_imminent", "state": "beam", "substate": "not_ready"},
        {"msg_type": "start_run", "state": "run", "substate": "physics"},
        *(
            {"msg_type": "stf_gen", "filename": f"swf.{number}.{n:06d}.stf", "sequence": n, "state": "run"}
            for n in range(1, stfs + 1)
        ),
        {"msg_type": "end_run", "total_stf_files": stfs, "state": "beam", "substate": "not_ready"},
    ]
    return [
        make(EPICTOPIC, {**content, **common, **_moment(n)}, message_id=f"{number:08x}{n:024x}")
        for n, content in enumerate(contents)
    ]


def state_of(database: Database, number: int = RUN) -> RunState | None:
    """The state of the run."""
    with database.read() as connection:
        return runs.run_state(connection, number)


def is_over(database: Database, number: int = RUN) -> bool:
    """Whether every slice is done, and every worker has gone."""
    state = state_of(database, number)
    return state is not None and state.phase == "completed" and state.active_worker_count == 0


def left_by(database: Database) -> dict[str, list[str]]:
    """Every row of the chain, slices and workers and the state of the run included."""
    return snapshot(database, tf_slices, workers, run_states)


def left_but_for_chance(database: Database) -> dict[str, list[str]]:
    """The same without what no two runs have alike."""

    def without(text: str) -> str:
        row = {name: value for name, value in json.loads(text).items() if name not in BY_CHANCE}
        return json.dumps(row, sort_keys=True)

    return {table: sorted(map(without, texts)) for table, texts in left_by(database).items()}


def _moment(n: int) -> dict[str, Any]:
    return {"timestamp": (START + timedelta(seconds=2 * n)).isoformat(), "simulation_tick": 2.0 * n}
