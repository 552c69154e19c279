"""Alembic's scripts; loaded only while a database is upgraded."""
