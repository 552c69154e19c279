"""Rows of the processing of each STF by the agents, and of its stages."""

from ..backend.database.stf_workflows import begin_stages, complete_stages, register

__all__ = ["begin_stages", "complete_stages", "register"]
