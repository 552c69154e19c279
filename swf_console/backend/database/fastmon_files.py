"""TF samples: registered once whoever says so, and a status that only goes forward."""

from sqlalchemy import Connection, select

from .keys import before, ensure, made_from
from .processing_records import FastmonFile, NewFastmonFile
from .tables.processing import fastmon_files, stf_files

STATUSES = ("registered", "processing", "processed", "done", "failed")

_c = fastmon_files.c


def register(connection: Connection, new: NewFastmonFile) -> str | None:
    """Store a TF sample unless it is there already; return its id, None where its STF is unknown."""
    named = select(stf_files.c.file_id).where(stf_files.c.stf_filename == new.stf_filename)
    stf_file_id = connection.scalar(named)
    if stf_file_id is None:
        return None
    row = {
        "tf_file_id": made_from("tf", new.tf_filename),
        "stf_file_id": stf_file_id,
        "tf_filename": new.tf_filename,
        "tf_first": new.tf_first,
        "tf_last": new.tf_last,
        "tf_count": new.tf_count,
        "file_size_bytes": new.file_size_bytes,
        "checksum": new.checksum,
        "status": new.status,
        "metadata": new.metadata,
    }
    return ensure(connection, fastmon_files, _c.tf_filename, _c.tf_file_id, row)


def advance(connection: Connection, tf_filename: str, status: str) -> bool:
    """Bring a TF sample forward to `status`; False where it is there or further already, or unknown."""
    update = fastmon_files.update().where(_c.tf_filename == tf_filename, before(_c.status, STATUSES, status))
    return connection.execute(update.values(status=status)).rowcount == 1


def find(connection: Connection, tf_filename: str) -> FastmonFile | None:
    """Read a TF sample by its name."""
    row = connection.execute(select(*_c).where(_c.tf_filename == tf_filename)).first()
    return None if row is None else FastmonFile(**row._mapping)


def of_stf(connection: Connection, stf_filename: str) -> list[FastmonFile]:
    """List the TF samples of an STF by name."""
    query = select(*_c).join(stf_files, stf_files.c.file_id == _c.stf_file_id)
    rows = connection.execute(query.where(stf_files.c.stf_filename == stf_filename).order_by(_c.tf_filename))
    return [FastmonFile(**row._mapping) for row in rows]
