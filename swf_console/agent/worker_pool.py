"""The workers of one run within one process: ramp-up, assignment of slices, heart-beats."""

from ..backend.agent.crew import Crew as WorkerPool
from ..backend.agent.crew import Job, Terms, terms_of

__all__ = ["Job", "Terms", "WorkerPool", "terms_of"]
