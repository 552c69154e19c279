"""STF files: registered once whoever says so, and a status that only goes forward."""

from sqlalchemy import Connection, select

from . import runs
from .keys import before, ensure, made_from
from .paging import Branch, Order, one_page
from .processing_records import NewStfFile, StfFile
from .records import Page
from .tables.processing import stf_files

STATUSES = ("registered", "processing", "processed", "done", "failed")

_c = stf_files.c


def register(connection: Connection, new: NewStfFile) -> str:
    """Store an STF, and its run, unless they are there already; return the file's id."""
    run = runs.ensure(connection, new.run_number, new.started_at, new.run_conditions)
    row = {
        "file_id": made_from("stf", new.stf_filename),
        "run_id": run.run_id,
        "stf_filename": new.stf_filename,
        "machine_state": new.machine_state,
        "file_size_bytes": new.file_size_bytes,
        "checksum": new.checksum,
        "daq_state": new.daq_state,
        "daq_substate": new.daq_substate,
        "tf_count": new.tf_count,
        "metadata": new.metadata,
    }
    return ensure(connection, stf_files, _c.stf_filename, _c.file_id, row)


def advance(connection: Connection, stf_filename: str, status: str) -> bool:
    """Bring an STF forward to `status`; False where it is there or further already, or unknown."""
    update = stf_files.update().where(_c.stf_filename == stf_filename, before(_c.status, STATUSES, status))
    return connection.execute(update.values(status=status)).rowcount == 1


def find(connection: Connection, stf_filename: str) -> StfFile | None:
    """Read an STF by its name."""
    row = connection.execute(select(*_c).where(_c.stf_filename == stf_filename)).first()
    return None if row is None else StfFile(**row._mapping)


def of_run(
    connection: Connection, run_number: int, after: str | None = None, limit: int = 200
) -> Page[StfFile]:
    """List the STFs of a run by name; none where there is no such run."""
    run = runs.find(connection, run_number)
    branches = [] if run is None else [Branch([_c.run_id == run.run_id])]
    order = Order((_c.stf_filename,), after, limit, newest_first=False)
    return one_page(connection, branches, tuple(_c), order, StfFile)
