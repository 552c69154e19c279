"""Running executions: progress, DAQ states, messages by stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...backend.database import Database, executions, messages, runs
from ...backend.database.connection.engine import server_time
from ...backend.database.records.messages import MessageFilter
from ...backend.database.records.workflows import (
    ExecutionFilter,
    ExecutionSummary,
)
from ...backend.services.executions.progress import DaqState, ExecutionProgress
from ...backend.services.executions.queries import (
    belongs,
    find_execution,
    run_number_of,
    table,
)
from ...backend.services.executions.recovery import sweep
from ..context import ConsoleContext

SHOWN = 8
EVENTS = 1_000
STAGES = ("stf_gen", "stf_ready", "processing_complete", "tf_file_registered", "slice", "slice_result")


@dataclass(frozen=True, slots=True)
class _Known:
    """Facts of an execution that do not change; read once."""

    run_number: int | None
    planned: int | None
    realtime: bool


class RunningExecutions:
    """Reads the running executions of a namespace. Not thread-safe."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._known: dict[str, _Known] = {}

    def read(self, database: Database) -> tuple[tuple[ExecutionProgress, ...], int]:
        """The newest ones and the number of all; closes those with an expired lease first. Blocks."""
        if not self._context.read_only:
            sweep(self._context.settings, database)
        wanted = ExecutionFilter(status="running", namespace=self._context.namespace)
        with database.read() as connection:
            page = executions.page(connection, wanted, limit=SHOWN)
            count = len(page.items)
            if page.next:
                count = executions.count(connection, wanted)
            now = server_time(connection)
        found = tuple(self._running(database, one, now) for one in page.items)
        self._known = {one.execution_id: self._known[one.execution_id] for one in page.items}
        return found, count

    def _running(self, database: Database, summary: ExecutionSummary, now: datetime) -> ExecutionProgress:
        known = self._facts(database, summary.execution_id)
        own = self._context.local_executions_if_any
        here = {one.execution_id: one for one in own.live()} if own else {}
        pipeline = dict(_pipeline(database, summary.execution_id))
        if local := here.get(summary.execution_id):
            pipeline["stf_gen"] = local.stf_count
        lease = summary.lease_expires_at
        return ExecutionProgress(
            summary=summary,
            seconds=max(0.0, (now - summary.start_time).total_seconds()),
            run_number=known.run_number,
            planned=known.planned,
            realtime=known.realtime,
            states=_states(database, summary.execution_id, known.run_number),
            pipeline=tuple((stage, pipeline[stage]) for stage in STAGES if pipeline.get(stage)),
            here=local is not None,
            lost=lease is not None and lease < now,
        )

    def _facts(self, database: Database, execution_id: str) -> _Known:
        known = self._known.get(execution_id)
        if known is not None and known.run_number is not None:
            return known
        execution = find_execution(database, execution_id)
        found = _Known(
            run_number_of(database, execution),
            _planned(execution.parameter_values),
            bool(table(execution.execution_environment).get("realtime")),
        )
        self._known[execution_id] = found
        return found


def _planned(parameter_values: object) -> int | None:
    """The number of STFs of the parameters, later sections over earlier ones; None if it is unlimited."""
    parameters: dict[str, object] = {}
    for section in table(parameter_values).values():
        parameters.update({key: value for key, value in table(section).items() if value is not None})
    count = parameters.get("stf_count")
    if not isinstance(count, int) or count <= 0:
        return None
    periods = parameters.get("physics_period_count", 1)
    if not parameters.get("stf_count_per_period"):
        return count
    return count * periods or None if isinstance(periods, int) else None


def _pipeline(database: Database, execution_id: str) -> Sequence[tuple[str, int]]:
    with database.read() as connection:
        there = messages.types(connection, execution_id)
        return [
            (
                stage,
                messages.count(connection, MessageFilter(execution_id=execution_id, message_type=stage)),
            )
            for stage in STAGES
            if stage in there
        ]


def _states(database: Database, execution_id: str, run_number: int | None) -> tuple[DaqState, ...]:
    """The states in order, one entry each time a state was entered."""
    if run_number is None:
        return ()
    with database.read() as connection:
        events = runs.daq_states(connection, run_number, EVENTS).items
    found: list[DaqState] = []
    for event in events:
        entered = DaqState(event.state, event.substate or "", event.timestamp)
        is_new = not found or (found[-1].state, found[-1].substate) != (entered.state, entered.substate)
        if is_new and belongs(event, execution_id):
            found.append(entered)
    return tuple(found)
