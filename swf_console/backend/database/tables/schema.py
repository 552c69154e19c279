"""The whole schema, for upgrades and comparisons; a query loads the module of its own tables alone."""

from sqlalchemy import MetaData

from . import agents, base, indexes, processing, workflows

_LOADED = (agents, indexes, processing, workflows)  # each adds its tables, or indexes, to the metadata


def all_tables() -> MetaData:
    """The metadata with every table in it."""
    return base.metadata
