"""The version of the tables that this program works with, without loading Alembic to know it."""

KNOWN = ("0001",)
HEAD = KNOWN[-1]
