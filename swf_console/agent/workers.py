"""Rows of the workers of a run."""

from ..backend.database.agents import living
from ..backend.database.records.processing import Claim
from ..backend.database.workers import beat, claim, end

__all__ = ["Claim", "beat", "claim", "end", "living"]
