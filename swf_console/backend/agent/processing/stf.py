"""STFs in the messages of the standard chain, and their registration."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ...database import files, stf_workflows
from ...database.records.processing import NewStfFile, NewStfWorkflow, StageWork
from ..context import HandlerContext
from ..message import Message

USUAL_INTERVAL = 2.0
SMALLEST_BYTES = 1_000_000_000
SPREAD_BYTES = 250_000_000


@dataclass(frozen=True, slots=True)
class Stf:
    """One STF. `source` is the message that announced it."""

    source: Message
    filename: str
    sequence: int
    file_url: str
    checksum: str
    size_bytes: int
    start: datetime
    end: datetime

    @property
    def base(self) -> str:
        """Its name without the extension."""
        return self.filename.removesuffix(".stf")

    def fields(self) -> dict[str, Any]:
        """The fields of its stf_ready message."""
        return {
            "filename": self.filename,
            "run_id": self.source.run_id,
            "sequence": self.sequence,
            "file_url": self.file_url,
            "checksum": self.checksum,
            "size_bytes": self.size_bytes,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "state": self.source.text("state", "run"),
            "substate": self.source.text("substate", "physics"),
        }

    def stage(self, context: HandlerContext, agent_type: str, **outcome: Any) -> StageWork:
        """The row of one agent's processing stage, with its outcome."""
        message = self.source
        return StageWork(
            self.filename, context.agent_name, agent_type, message.time, message.content, **outcome
        )


def generated(message: Message) -> Stf:
    """The STF of an stf_gen; as there is no file, size and checksum are derived from the name. BadMessage."""
    filename = message.text("filename")
    digest = hashlib.sha256(filename.encode()).hexdigest()
    interval = message.parameters.get("stf_interval", USUAL_INTERVAL)
    return Stf(
        source=message,
        filename=filename,
        sequence=message.integer("sequence", least=1),
        file_url=f"file:///data/stf/{message.run_number}/{filename}",
        checksum=digest,
        size_bytes=SMALLEST_BYTES + int(digest[:8], 16) % SPREAD_BYTES,
        start=message.time,
        end=message.time + timedelta(seconds=float(interval)),
    )


def ready(message: Message) -> Stf:
    """The STF of an stf_ready. Raises BadMessage."""
    return Stf(
        source=message,
        filename=message.text("filename"),
        sequence=message.integer("sequence", least=1),
        file_url=message.text("file_url", None) or "",
        checksum=message.text("checksum", None) or "",
        size_bytes=message.integer("size_bytes", 0),
        start=_time(message, "start"),
        end=_time(message, "end"),
    )


def register(context: HandlerContext, stf: Stf) -> None:
    """Store the run, the STF and its workflow row; rows that exist are kept."""
    message = stf.source
    state = message.text("state", None) or "run"
    substate = message.text("substate", None) or "physics"
    file = NewStfFile(
        stf_filename=stf.filename,
        run_number=message.run_number,
        started_at=message.time,
        file_size_bytes=stf.size_bytes,
        checksum=stf.checksum[:64],
        daq_state=state[:20],
        daq_substate=substate[:20],
        metadata={"file_url": stf.file_url, "sequence": stf.sequence},
        run_conditions=run_conditions(message),
    )
    workflow = NewStfWorkflow(
        filename=stf.filename,
        generated_time=stf.start,
        stf_start_time=stf.start,
        stf_end_time=stf.end,
        namespace=message.namespace,
        execution_id=message.execution_id,
        run_id=message.run_id,
        daq_state=state[:20],
        daq_substate=substate[:20],
        stf_metadata={"sequence": stf.sequence},
    )
    context.write(files.register_stf_files, file)
    context.write(stf_workflows.register, workflow)


def run_conditions(message: Message) -> dict[str, Any]:
    """The conditions stored with a run, equal for all of its messages."""
    return {"execution_id": message.execution_id, "namespace": message.namespace}


def is_sampled(sequence: int, rate: float) -> bool:
    """Whether the share `rate` includes this STF (the first is 1): evenly spread, always with the first.

    5 % of 100 STFs are the 1st, the 21st, ... the 81st: every agent computes the same, at any time.
    """
    return samples_among(sequence, rate) > samples_among(sequence - 1, rate)


def samples_among(stfs: int, rate: float) -> int:
    """How many of the first `stfs` the share `rate` includes, rounded up."""
    # 1e-9: 100 * 0.07 is 7.000000000000001, and must not be rounded up to 8
    return -int(-(stfs * rate - 1e-9) // 1) if stfs else 0


def _time(message: Message, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(message.content.get(name)))
    except ValueError:
        return message.time
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=message.time.tzinfo)
