"""Workers as they report themselves."""

from .records.processing import Worker
from .sql.offset import Rows
from .tables.processing import workers

_c = workers.c

rows: Rows[Worker] = Rows(
    workers,
    _c.worker_id,
    Worker,
    filters={"run_number": _c.run_number, "status": _c.status, "location": _c.location},
    order=(_c.started_at, _c.worker_id),
)
