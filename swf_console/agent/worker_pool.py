"""The workers of one run within one process: ramp-up, assignment of slices, heart-beats."""

from ..backend.agent.processing.worker_pool import Crew as WorkerPool
from ..backend.agent.processing.worker_pool import Job, Terms, terms_of

__all__ = ["Job", "Terms", "WorkerPool", "terms_of"]
