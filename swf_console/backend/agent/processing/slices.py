"""TF slices in the messages of the fast processing agent and the slice workers."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ...database.records.processing import NewTfSlice, Retry, SliceResult
from ...database.slices import sample_of, slice_file
from ..message import BadMessage, Message

SLICES_PER_SAMPLE = 15
# of req_ids: a repeated message about an attempt must have the same one
SPACE = uuid.UUID("c5a1a4b0-3d1e-4f5c-8c52-0b6f2f7f9d11")


@dataclass(frozen=True, slots=True)
class Sample:
    """A registered TF sample, as tf_file_registered describes it."""

    tf_filename: str
    stf_filename: str
    tf_first: int
    tf_count: int


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice that waits for a worker. `source` is its message."""

    source: Message
    run_number: int
    tf_filename: str
    slice_id: int
    req_id: str

    @property
    def key(self) -> tuple[str, int]:
        """The TF sample, and the number within it."""
        sample, number = sample_of(self.tf_filename)
        return sample, self.slice_id if number is None else number


@dataclass(frozen=True, slots=True)
class Outcome:
    """A worker's result for a slice: whether it is done, and the row to store."""

    done: bool
    result: SliceResult


def inner(message: Message) -> Message:
    """The message inside the field `content`. Raises BadMessage."""
    content = message.content.get("content")
    if not isinstance(content, dict):
        raise BadMessage(f"{message.msg_type} message {message.id}: content is not an object")
    run_id = message.run_id if message.run_id is not None else content.get("run_id")
    known = str(run_id) if isinstance(run_id, str | int) else None
    return replace(message, incoming=replace(message.incoming, content=content, run_id=known))


def registered(message: Message) -> Sample:
    """The sample of a tf_file_registered. Raises BadMessage."""
    first = message.integer("tf_first", 0)
    last = message.integer("tf_last", 0)
    return Sample(
        tf_filename=message.text("tf_filename"),
        stf_filename=message.text("stf_filename"),
        tf_first=first,
        tf_count=message.integer("tf_count", max(0, last - first + 1)),
    )


def cut(sample: Sample, count: int, run_number: int, labels: Mapping[str, Any]) -> list[NewTfSlice]:
    """Cut a sample into `count` slices that share its TFs evenly; `labels` are stored with each."""
    bounds = [sample.tf_first + sample.tf_count * n // count for n in range(count + 1)]
    return [
        NewTfSlice(
            fastmon_file=sample.tf_filename,
            slice_id=n,
            tf_first=bounds[n],
            tf_last=bounds[n + 1] - 1,
            tf_count=bounds[n + 1] - bounds[n],
            run_number=run_number,
            metadata={"filename": sample.stf_filename, **labels},
        )
        for n in range(count)
    ]


def slice_message(
    piece: NewTfSlice | Retry, sample: str, slice_id: int, execution_id: str | None
) -> dict[str, Any]:
    """The message of a slice for the queue; each attempt has another req_id."""
    attempt = piece.attempt if isinstance(piece, Retry) else 0
    name = slice_file(sample, slice_id)
    now = datetime.now(UTC).isoformat()
    return {
        "msg_type": "slice",
        "run_id": str(piece.run_number),
        "execution_id": execution_id,
        "created_at": now,
        "content": {
            "run_id": str(piece.run_number),
            "execution_id": execution_id,
            "req_id": str(uuid.uuid5(SPACE, f"{name} {attempt}")),
            "filename": (piece.metadata or {}).get("filename"),
            "tf_filename": name,
            "slice_id": slice_id,
            "start": piece.tf_first,
            "end": piece.tf_last,
            "tf_count": piece.tf_count,
            "attempt": attempt,
            "state": "queued",
            "substate": "new",
        },
    }


def taken(message: Message) -> Slice:
    """The slice in a message of the queue. Raises BadMessage."""
    inside = inner(message)
    return Slice(
        source=message,
        run_number=inside.run_number,
        tf_filename=inside.text("tf_filename"),
        slice_id=inside.integer("slice_id"),
        req_id=inside.text("req_id", None) or message.id,
    )


def result_message(
    piece: Slice, worker: str, host: str, began: datetime, error: str | None = None
) -> dict[str, Any]:
    """The message of a worker that has finished a slice."""
    state = "done" if error is None else "failed"
    now = datetime.now(UTC).isoformat()
    result = {"slice_id": piece.slice_id, "tf_filename": piece.tf_filename, "state": state}
    return {
        "msg_type": "slice_result",
        "run_id": str(piece.run_number),
        "content": {
            "state": state,
            "req_id": piece.req_id,
            "error": error,
            "worker_id": worker,
            "processed_at": now,
            "hostname": host,
            "panda_task_id": None,
            "panda_id": None,
            "harvester_id": None,
            "processing_start_at": began.isoformat(),
            "result": {"result": {**result, "processed": error is None}},
        },
    }


def outcome(message: Message) -> Outcome:
    """The content of a slice_result; the slice is named inside its result. Raises BadMessage."""
    inside = inner(message)
    nested = inside.content.get("result")
    named = nested.get("result") if isinstance(nested, dict) else None
    if not isinstance(named, dict):
        raise BadMessage(f"slice_result message {message.id}: content.result.result is missing")
    about = replace(inside, incoming=replace(inside.incoming, content=named))
    sample, number = sample_of(about.text("tf_filename"))
    slice_id = about.integer("slice_id", number)
    host = inside.text("hostname", None) or "unknown"
    panda = {name: inside.content[name] for name in _PANDA if inside.content.get(name) is not None}
    error = {"error": inside.content["error"]} if isinstance(inside.content.get("error"), str) else {}
    worker = inside.text("worker_id", None) or "-".join(
        [host, *(str(panda[n]) for n in _PANDA if n in panda)]
    )
    result = SliceResult(
        fastmon_file=sample,
        slice_id=slice_id,
        identity=inside.text("req_id", None) or message.id,
        worker=worker,
        started_at=_time(inside.content.get("processing_start_at")),
        ended_at=_time(inside.content.get("processed_at")) or message.time,
        details={"worker_hostname": host, **panda, **error},
    )
    return Outcome(inside.content.get("state") == "done", result)


_PANDA = ("panda_task_id", "panda_id", "harvester_id")


def _time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
