"""What the console finds when it looks at the testbed: plain values, that come with no library."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ..backend.services.agents.queries import SILENT, AgentView

if TYPE_CHECKING:
    from ..backend.database.records.workflows import ExecutionSummary

RUNNING = "RUNNING"


class AgentLine(NamedTuple):
    """One agent. `needed`: the configured workflow needs it. `cpu` is in percent of a core."""

    view: AgentView
    needed: bool = False
    cpu: float | None = None

    @property
    def key(self) -> str:
        """What it is known by, whatever its process."""
        return self.view.program or self.view.name

    @property
    def is_up(self) -> bool:
        """Whether its process runs, or is about to."""
        return self.view.state in (RUNNING, "STARTING")

    @property
    def is_silent(self) -> bool:
        """Whether it runs and has not been heard of."""
        age = self.view.heartbeat_seconds
        return self.view.state == RUNNING and age is not None and age > SILENT.total_seconds()

    @property
    def is_failed(self) -> bool:
        """Whether it needs a human."""
        return self.view.state in ("FATAL", "UNKNOWN", "BACKOFF")


class AgentsLook(NamedTuple):
    """Every agent, and what could not be asked. `configuration` is what testbed.toml would run.

    `heard_seconds` is how old the heart-beats are where the database has not answered since, and
    `seen_seconds` how old the processes are where supervisord has not.
    """

    lines: tuple[AgentLine, ...]
    supervisor: str
    supervisor_trouble: str = ""
    database_trouble: str = ""
    heard_seconds: float | None = None
    seen_seconds: float | None = None
    configuration: str = ""
    configuration_trouble: str = ""
    missing: tuple[str, ...] = ()


class DaqState(NamedTuple):
    """A state of the DAQ, and when it was entered."""

    state: str
    substate: str
    at: datetime


class Running(NamedTuple):
    """One execution. `planned` STFs are None where nothing limits them; a count stops at COUNT_CAP.

    `pipeline` are the messages of each stage so far; `lost`: nobody runs it any more.
    """

    summary: "ExecutionSummary"
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
        """Whether somebody asked it to end."""
        return self.summary.stop_requested_at is not None


class Change(NamedTuple):
    """Something that happened. `tone` is ok, watch, bad or plain; `execution_id` is what to open."""

    at: datetime
    tone: str
    text: str
    execution_id: str = ""


class Verdict(NamedTuple):
    """The one sentence. `screen` is where to go for it."""

    tone: str
    text: str
    screen: str = ""


class OverviewLook(NamedTuple):
    """Everything on the screen. `database_trouble` says why what comes from there is not known."""

    verdict: Verdict
    agents: AgentsLook
    running: tuple[Running, ...] = ()
    running_count: int = 0
    changes: tuple[Change, ...] = ()
    rates: tuple[int, ...] = ()
    database_trouble: str = ""
