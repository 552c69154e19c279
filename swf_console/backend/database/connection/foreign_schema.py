"""A PostgreSQL database of another owner, where this account may neither upgrade nor write: read-only use.

Missing tables and columns are added in the sessions of this program only, by temporary views of the same
names: `pg_temp` comes before every schema in the search path.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table, event, text

from ..tables.all_tables import all_tables
from ..tables.workflows import executions
from .engine import Database
from .revision import compatible, refuse_newer, stored_revision
from .schema_diff import Missing, missing

READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
# only the owner of a table may add columns; creating a table needs CREATE on the schema
MAY_ALTER = text(
    "SELECT bool_and(pg_has_role(c.relowner, 'USAGE') AND has_schema_privilege(c.relnamespace, 'CREATE'))"
    " FROM unnest(CAST(:names AS text[])) AS name JOIN pg_class c ON c.oid = to_regclass(name)"
)
MAY_WRITE = text(
    "SELECT bool_and(has_table_privilege(to_regclass(:name), privilege)) AND NOT pg_is_in_recovery()"
    " FROM unnest(ARRAY['INSERT', 'UPDATE']) AS privilege"
)


def open_read_only(database: Database) -> str:
    """Prepare a shared database for reading if this account may do no more, and return the reason.

    The reason is empty if it can be written or upgraded, or if it has no tables of workflows.
    """
    expected = all_tables()
    names = [table.name for table in expected.sorted_tables]
    with database.read() as connection:
        revision = stored_revision(connection)
        refuse_newer(connection, revision, database.safe_url)
        if compatible(connection, revision):
            written = connection.scalar(MAY_WRITE, {"name": executions.name})
            why = "" if written else f"{_account(connection)} may not write to {database.safe_url}"
            statements: list[str] = []
        else:
            lacks = missing(connection, expected)
            tables = {lack.table.name for lack in lacks if lack.item is None}
            if executions.name in tables or connection.scalar(MAY_ALTER, {"names": names}):
                return ""
            why = (
                f"{_account(connection)} may not alter {database.safe_url}, which lacks {_description(lacks)}"
            )
            statements = [_view(connection, table, some) for table, some in _by_table(lacks).items()]
    if why:
        _run_in_each_session(database, [*statements, READ_ONLY])
        database.read_only = why
    return why


def _run_in_each_session(database: Database, statements: Iterable[str]) -> None:
    """Execute these statements in every new session."""
    database.close()  # pooled sessions were opened without them

    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()

    event.listen(database.engine, "connect", prepare)


def _by_table(lacks: Iterable[Missing]) -> dict[Table, list[Column[Any]] | None]:
    """The missing columns by table; None for a missing table. Missing indexes are ignored."""
    found: dict[Table, list[Column[Any]] | None] = defaultdict(list)
    for lack in lacks:
        columns = found[lack.table]
        if lack.item is None:
            found[lack.table] = None
        elif isinstance(lack.item, Column) and columns is not None:
            columns.append(lack.item)
    return {table: columns for table, columns in found.items() if columns is None or columns}


def _view(connection: Connection, table: Table, columns: list[Column[Any]] | None) -> str:
    dialect = connection.dialect
    name = dialect.identifier_preparer.format_table(table)
    if columns is None:
        nothing = ", ".join(_null(dialect, column) for column in table.columns)
        return f"CREATE TEMPORARY VIEW {name} AS SELECT {nothing} WHERE false"
    schema = connection.scalar(
        text("SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass(:name)"),
        {"name": table.name},
    )
    lacking = ", ".join(_null(dialect, column) for column in columns)
    source = f"{schema}.{name} AS stored"
    return f"CREATE TEMPORARY VIEW {name} AS SELECT stored.*, {lacking} FROM {source}"  # noqa: S608


def _null(dialect: Dialect, column: Column[Any]) -> str:
    kind = dialect.type_compiler_instance.process(column.type)
    return f"CAST(NULL AS {kind}) AS {dialect.identifier_preparer.format_column(column)}"


def _account(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT current_user")))


def _description(lacks: Iterable[Missing]) -> str:
    named = [str(lack) for lack in lacks if lack.item is None or isinstance(lack.item, Column)]
    return f"{len(named)} columns and tables ({named[0]}, ...)" if len(named) > 1 else ", ".join(named)
