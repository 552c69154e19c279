"""Alembic's environment: runs on the connection, and in the transaction, of `upgrading`."""

from alembic import context

from swf_console.backend.database.tables import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    transactional_ddl=True,
)
context.run_migrations()
