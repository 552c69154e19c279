"""The workers of one run within one process: ramp-up, assignment of slices, heart-beats."""

from ..backend.agent.processing.worker_pool import Job, Terms, WorkerPool, terms_of

__all__ = ["Job", "Terms", "WorkerPool", "terms_of"]
