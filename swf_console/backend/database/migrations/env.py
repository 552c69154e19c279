"""Alembic's environment: runs on the connection and in the transaction of `connection.migrate`."""

from alembic import context

# without target_metadata: a revision writes out all it creates, and never depends on the live tables
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
