"""Rows of DAQ runs, their states and the history of these."""

from ..backend.database.runs import COMPLETED, ensure, finish, insert_events, run_state

__all__ = ["COMPLETED", "ensure", "finish", "insert_events", "run_state"]
