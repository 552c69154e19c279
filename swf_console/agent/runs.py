"""Rows of DAQ runs, their states and state events."""

from ..backend.database.runs import COMPLETED, ensure, finish, insert_events, run_state

__all__ = ["COMPLETED", "ensure", "finish", "insert_events", "run_state"]
