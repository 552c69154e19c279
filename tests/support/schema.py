"""The schema of a database as the server describes it."""

from sqlalchemy import Connection, inspect, text

Shape = dict[str, dict[str, object]]

INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > '' AND tbl_name = :table",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table",
}


def shape(connection: Connection) -> Shape:
    """Describe every table but Alembic's: columns, keys, constraints and indexes by their names."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], bool(column.get("identity")))
                for column in inspector.get_columns(name)
            },
            "key": inspector.get_pk_constraint(name)["name"],
            "uniques": {
                item["name"]: item["column_names"] for item in inspector.get_unique_constraints(name)
            },
            "foreign": {
                key["name"]: (key["constrained_columns"], key["referred_table"], str(key["options"]))
                for key in inspector.get_foreign_keys(name)
            },
            "indexes": {
                str(index["name"]): index["column_names"]
                for index in inspector.get_indexes(name)
                if not index.get("duplicates_constraint")
            },
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def definitions(connection: Connection) -> dict[str, dict[str, str]]:
    """Map tables to the statements of their indexes, where alone conditions and operator classes show."""
    query = text(INDEXES[connection.dialect.name])
    names = inspect(connection).get_table_names()
    return {
        name: {row[0]: " ".join(row[1].split()) for row in connection.execute(query, {"table": name})}
        for name in names
        if name != "alembic_version"
    }
