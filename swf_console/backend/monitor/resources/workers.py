"""`/workers/`: workers that process slices."""

from ...database import Connection, workers
from ...database.records.processing import Worker
from ..fields import Body, Field, Problems
from ..kinds import Document, Integer, Moment, Name
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/workers"
KEY = Field("worker_id", Name(255))
SHOWN = Shown("Worker", Worker)
NEW = Body(
    Field("worker_id", Name(255), required=True),
    Field("run_number", Integer(0), required=True),
    Field("panda_job", Name(255, blank=True), default=""),
    Field("location", Name(255, blank=True), default=""),
    Field("status", Name(20), default="starting"),
    Field("current_slice_id", Integer(), null=True),
    Field("tf_filename", Name(255, blank=True), null=True),
    Field("slices_completed", Integer(0), default=0),
    Field("last_heartbeat", Moment(), null=True),
    Field("started_at", Moment()),
    Field("ended_at", Moment(), null=True),
    Field("metadata", Document(), null=True),
)
CHANGE = NEW.partially("worker_id")
QUERY = (Field("run_number", Integer(0)), Field("status", Name(20)), Field("location", Name(255)))


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a worker; one of that id stays as it is."""
    stored, made = workers.rows.ensure(connection, {"started_at": asked.now, **asked.body})
    return Answer(SHOWN(stored), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a worker."""
    return Answer(_shown(workers.rows.get(connection, asked.keys["worker_id"])))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change a worker."""
    return Answer(_shown(workers.rows.change(connection, asked.keys["worker_id"], asked.body)))


def list_workers(connection: Connection, asked: Asked) -> Answer:
    """List workers in the order of their start."""
    given = asked.filters(*(field.name for field in QUERY))
    return listed(asked, workers.rows.listed(connection, given, asked.window), SHOWN)


def _shown(found: Worker | None) -> dict[str, object]:
    if found is None:
        raise Problems.of("worker_id", "There is no worker of this id.")
    return SHOWN(found)


OPERATIONS = (
    Operation("POST", BASE, create, "Store a worker", writes=True, body=NEW, row=SHOWN, made=True),
    Operation("GET", BASE, list_workers, "List workers", query=QUERY, row=SHOWN, is_list=True),
    Operation("GET", f"{BASE}/{{worker_id:path}}", get, "Read a worker", keys=(KEY,), row=SHOWN),
    Operation(
        "PATCH",
        f"{BASE}/{{worker_id:path}}",
        change,
        "Change a worker",
        writes=True,
        body=CHANGE,
        keys=(KEY,),
        row=SHOWN,
    ),
)
