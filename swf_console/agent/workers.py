"""Rows of the workers of a run."""

from ..backend.database.agents import living
from ..backend.database.worker_crews import Claim, beat, claim, end

__all__ = ["Claim", "beat", "claim", "end", "living"]
