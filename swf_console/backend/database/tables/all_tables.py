"""All tables, for upgrades and comparisons; a query imports only the module of its own tables."""

from sqlalchemy import MetaData

from . import agents, base, indexes, processing, workflows

_LOADED = (
    agents,
    indexes,
    processing,
    workflows,
)  # each import adds tables or indexes to the metadata


def all_tables() -> MetaData:
    """The metadata with every table in it."""
    return base.metadata
