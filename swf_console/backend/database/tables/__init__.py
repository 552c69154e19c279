"""The tables: names and columns are those of the existing monitor, what is ours is additive and nullable."""

from sqlalchemy import MetaData


def all_tables() -> MetaData:
    """Load every table's module and return their metadata; a query loads its own module alone."""
    from . import agents, indexes, processing, workflows  # noqa: F401
    from .base import metadata

    return metadata
