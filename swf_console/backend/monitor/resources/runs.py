"""`/runs/`: DAQ runs."""

from ...database import Connection, runs
from ...database.records.workflows import Run
from ..fields import Body, Field, Problems
from ..kinds import Anything, Integer, Moment
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/runs"
KEY = Field("run_id", Integer(0))
SHOWN = Shown("Run", Run)
NEW = Body(
    Field("run_number", Integer(0), required=True),
    Field("start_time", Moment()),
    Field("end_time", Moment(), null=True),
    Field("run_conditions", Anything(), null=True),
)
CHANGE = NEW.partially("run_number")


def find(connection: Connection, run: int) -> Run | None:
    """A run by its id, else by its number, which programs take for one."""
    by_id = runs.rows.get(connection, run)
    return by_id or runs.rows.named(connection, "run_number", run)


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a run; one of that number stays as it is."""
    row = {"start_time": asked.now, **asked.body}
    stored, made = runs.rows.ensure(connection, row, "run_number")
    return Answer(SHOWN(stored), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a run."""
    return Answer(SHOWN(_known(connection, asked)))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change a run."""
    before = _known(connection, asked)
    return Answer(SHOWN(runs.rows.change(connection, before.run_id, asked.body) or before))


def list_runs(connection: Connection, asked: Asked) -> Answer:
    """List runs, the highest number first."""
    return listed(asked, runs.rows.listed(connection, asked.filters("run_number"), asked.window), SHOWN)


def _known(connection: Connection, asked: Asked) -> Run:
    found = find(connection, asked.keys["run_id"])
    if found is None:
        raise Problems.of("run_id", "There is no run of this id.")
    return found


OPERATIONS = (
    Operation("POST", BASE, create, "Store a run", writes=True, body=NEW, row=SHOWN, made=True),
    Operation(
        "GET",
        BASE,
        list_runs,
        "List runs",
        query=(Field("run_number", Integer(0)),),
        row=SHOWN,
        is_list=True,
    ),
    Operation("GET", f"{BASE}/{{run_id}}", get, "Read a run", keys=(KEY,), row=SHOWN),
    Operation(
        "PATCH",
        f"{BASE}/{{run_id}}",
        change,
        "Change a run",
        writes=True,
        body=CHANGE,
        keys=(KEY,),
        row=SHOWN,
    ),
)
