"""All tables; in a database that the monitor's own migrations made, only what it lacks."""

from alembic import op

from swf_console.backend.database.comparing import add_missing

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create missing tables, columns and indexes; rows stay as they are."""
    add_missing(op.get_bind())
