"""How far executions have come: plain values, which load no library."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ...database.records.workflows import ExecutionSummary


class DaqState(NamedTuple):
    """A state of the DAQ, and when it was entered."""

    state: str
    substate: str
    at: datetime


class ExecutionProgress(NamedTuple):
    """One execution. `planned` STFs are None where nothing limits them; a count stops at COUNT_CAP.

    `pipeline` are the messages of each stage so far; `lost`: its lease has expired.
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
        """From 0 to 1; None where there is no end in sight."""
        return min(1.0, self.stf_count / self.planned) if self.planned else None

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self.summary.stop_requested_at is not None


@dataclass(frozen=True, slots=True)
class LocalExecution:
    """One execution as far as it has come; `planned` STFs are None where nothing limits them."""

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
        """From 0 to 1; None where there is no end in sight."""
        return min(1.0, self.stf_count / self.planned) if self.planned else None


@dataclass(frozen=True, slots=True)
class EndedExecution:
    """How an execution of this process ended."""

    execution_id: str
    status: str
    reason: str
    error: str | None = None
