"""Alembic's environment: runs on the connection, and in the transaction, of `connection.migrate`."""

from alembic import context

# without the live tables: a revision says by itself what it makes, and what it is called
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
