"""Rows of TF slices."""

from ..backend.database.slices import begin, complete, create, fail

__all__ = ["begin", "complete", "create", "fail"]
