"""Progress of executions as plain values; importing this loads no library."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ...database.records.workflows import ExecutionSummary


class DaqState(NamedTuple):
    """A state of the DAQ and the time of its start."""

    state: str
    substate: str
    at: datetime


class ExecutionProgress(NamedTuple):
    """One execution. `planned` STFs are None if nothing limits them; a count stops at COUNT_CAP.

    `pipeline` has the number of messages of each stage so far; `lost`: its lease has expired.
    """

    summary: ExecutionSummary
    seconds: float
    run_number: int | None
    planned: int | None
    realtime: bool
    states: tuple[DaqState, ...]
    pipeline: tuple[tuple[str, int], ...]
    here: bool
    lost: bool

    @property
    def stf_count(self) -> int:
        """STFs sent so far."""
        return dict(self.pipeline).get("stf_gen", 0)

    @property
    def progress(self) -> float | None:
        """From 0 to 1; None if the number of STFs is not limited."""
        return min(1.0, self.stf_count / self.planned) if self.planned else None

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested."""
        return self.summary.stop_requested_at is not None


@dataclass(frozen=True, slots=True)
class LocalExecution:
    """Progress of one execution; `planned` STFs are None if nothing limits them."""

    execution_id: str
    configuration: str
    namespace: str
    realtime: bool
    stf_count: int
    planned: int | None
    run_number: int | None
    seconds: float
    stopping: str = ""

    @property
    def progress(self) -> float | None:
        """From 0 to 1; None if the number of STFs is not limited."""
        return min(1.0, self.stf_count / self.planned) if self.planned else None


@dataclass(frozen=True, slots=True)
class EndedExecution:
    """How an execution of this process ended."""

    execution_id: str
    status: str
    reason: str
    error: str | None = None
