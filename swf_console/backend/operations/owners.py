"""Who holds the lease of an execution: a process, named so that no other ever has its name."""

import os

from ..settings import Settings


def new_owner(settings: Settings) -> str:
    """Host, pid, and what makes the name unique for ever."""
    return f"{settings.host}:{os.getpid()}:{os.urandom(6).hex()}"
