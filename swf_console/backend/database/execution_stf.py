"""How many STFs executions have made, for a page of a list."""

from collections.abc import Sequence

from sqlalchemy import JSON, Connection, select, type_coerce

from . import messages
from .records.messages import MessageFilter
from .records.pages import COUNT_CAP
from .records.workflows import ExecutionSummary
from .tables.workflows import executions

MOST_COUNTED = 20

_c = executions.c


def stf_counts(connection: Connection, found: Sequence[ExecutionSummary]) -> dict[str, int]:
    """STFs by execution id: as the metrics of those that ended say, and counted for those that run.

    A count stops at COUNT_CAP, and only the first MOST_COUNTED that run are counted.
    """
    ended = [one.execution_id for one in found if one.status != "running"]
    running = [one.execution_id for one in found if one.status == "running"]
    counts = _recorded(connection, ended) if ended else {}
    for execution_id in running[:MOST_COUNTED]:
        wanted = MessageFilter(execution_id=execution_id, message_type="stf_gen")
        counts[execution_id] = messages.count(connection, wanted, COUNT_CAP)
    return counts


def _recorded(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    metric = type_coerce(_c.performance_metrics, JSON)["stf_count"].as_string()
    rows = connection.execute(select(_c.execution_id, metric).where(_c.execution_id.in_(ids)))
    return {row[0]: int(text) for row in rows if (text := str(row[1])).isascii() and text.isdecimal()}
