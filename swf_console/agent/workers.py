"""Rows of the workers of a run."""

from ..backend.database.worker_crews import Claim, beat, claim, end, living

__all__ = ["Claim", "beat", "claim", "end", "living"]
