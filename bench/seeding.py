"""Large tables, made by the database itself: executions in seconds, ten million messages in minutes.

Indexes are dropped first and made again at the end. SQLite files stay in the system's temporary directory,
under a name that says what is in them, for the next time.
"""

import tempfile
from pathlib import Path

from sqlalchemy import text

from swf_console.backend.core.settings import sqlite_url
from swf_console.backend.database import Database, open_database
from swf_console.backend.database.connection.revision import HEAD

CACHE = Path(tempfile.gettempdir()) / "swf-bench-cache"
BATCH = 1_000_000
EXECUTIONS = """
    INSERT INTO swf_workflow_executions (execution_id, workflow_definition_id, namespace, parameter_values,
        status, start_time, end_time, executed_by, execution_environment)
    SELECT {id}, 1 + n % 3, 'space-' || (n % 7), {parameters},
        CASE n % 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'terminated' ELSE 'completed' END,
        {time}, {time}, 'user-' || (n % 11), {parameters}
    FROM {numbers}
    """
MESSAGES = """
    INSERT INTO swf_workflow_messages (message_id, message_type, sender_agent, namespace, execution_id,
        run_id, message_content, sent_at, delivered_at, queue_name)
    SELECT {uuid},
        CASE n % 10 WHEN 0 THEN 'run_imminent' WHEN 9 THEN 'end_run' ELSE 'stf_gen' END,
        'agent-' || (n % 13), 'space-' || (n / 10 % 7), {id}, 100010 + n / 10,
        {content}, {time}, {time}, '/topic/epictopic'
    FROM {numbers}
    """
DEFINITION = """
    INSERT INTO swf_workflow_definitions (id, workflow_name, version, workflow_type, definition,
        parameter_values, created_by, created_at, updated_at)
    VALUES (:id, :name, '1.0', 'seed', '', '{}', 'seed', :now, :now)
    """
PARAMETERS = '{"daq_state_machine": {"stf_count": 10, "stf_interval": 2.0}, "fast_processing": {}}'
CONTENT = (
    '{"msg_type": "stf_gen", "filename": "swf.100010.000001.stf", "sequence": 1, "state": "run", '
    '"substate": "physics", "namespace": "space-1", "sender": "agent-1", "simulation_tick": 12.1}'
)
# STEP is the number of a row's execution: one a minute, ten messages each
SPELLED = {
    "sqlite": {
        "numbers": "(WITH RECURSIVE s(n) AS (SELECT :low UNION ALL SELECT n + 1 FROM s WHERE n + 1 < :high) "
        "SELECT n FROM s)",
        "time": "strftime('%Y-%m-%d %H:%M:%S.000000', 1700000000 + 6 * n, 'unixepoch')",
        "uuid": "printf('%032x', n)",
        "id": "'seeded-' || printf('%09d', STEP)",
        "parameters": f"'{PARAMETERS}'",
        "content": f"'{CONTENT}'",
    },
    "postgresql": {
        "numbers": "generate_series(CAST(:low AS bigint), CAST(:high AS bigint) - 1) AS s(n)",
        "time": "to_timestamp(1700000000 + 6 * n)",
        "uuid": "CAST(lpad(to_hex(n), 32, '0') AS uuid)",
        "id": "'seeded-' || lpad(CAST(STEP AS text), 9, '0')",
        "parameters": f"CAST('{PARAMETERS}' AS jsonb)",
        "content": f"CAST('{CONTENT}' AS jsonb)",
    },
}
INDEXES = {
    "sqlite": """
        SELECT name, sql FROM sqlite_master
        WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = :table""",
    "postgresql": """
        SELECT indexname, indexdef FROM pg_indexes
        WHERE tablename = :table AND indexname NOT IN (SELECT conname FROM pg_constraint)""",
}


def seeded_file(executions: int, messages: int) -> Path:
    """An SQLite file with that many rows; made once, and kept."""
    CACHE.mkdir(mode=0o700, exist_ok=True)
    file = CACHE / f"{HEAD}-{executions}-{messages}.db"
    if not file.exists():
        print(f"seeding {file}: {executions:,} executions, {messages:,} messages")
        unfinished = file.with_suffix(".unfinished")
        for part in CACHE.glob(f"{unfinished.name}*"):
            part.unlink()
        seed(sqlite_url(unfinished), executions, messages)
        unfinished.rename(file)
    return file


def seed(url: str, executions: int, messages: int) -> None:
    """Fill the tables of a database at this version (SQLite: or of a new one)."""
    database = open_database(url)
    try:
        with database.write() as connection:
            for number in (1, 2, 3):
                known = {"id": number, "name": f"workflow-{number}", "now": "2023-11-14 00:00:00.000000"}
                connection.execute(text(DEFINITION), known)
        _fill(database, "swf_workflow_executions", EXECUTIONS, executions, "n")
        _fill(database, "swf_workflow_messages", MESSAGES, messages, "n / 10")
        _settle(database)
    finally:
        database.close()


def _settle(database: Database) -> None:
    """Statistics, and on PostgreSQL what autovacuum does while a history grows row by row."""
    if database.kind == "sqlite":
        with database.write() as connection:
            connection.exec_driver_sql("ANALYZE")
        return
    outside = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with outside as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _fill(database: Database, table: str, statement: str, count: int, step: str) -> None:
    with database.write() as connection:
        indexes = connection.execute(text(INDEXES[database.kind]), {"table": table}).all()
        for name, _ in indexes:
            connection.exec_driver_sql(f'DROP INDEX "{name}"')
    spelled = {key: value.replace("STEP", step) for key, value in SPELLED[database.kind].items()}
    for low in range(0, count, BATCH):
        with database.write() as connection:
            connection.execute(
                text(statement.format(**spelled)), {"low": low, "high": min(count, low + BATCH)}
            )
    for _, definition in indexes:
        with database.write() as connection:
            connection.exec_driver_sql(definition)
