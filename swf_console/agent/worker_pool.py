"""The workers of one run in one process: ramp-up, assignment of slices, heartbeats."""

from ..backend.agent.processing.worker_pool import Job, Terms, WorkerPool, terms_of

__all__ = ["Job", "Terms", "WorkerPool", "terms_of"]
