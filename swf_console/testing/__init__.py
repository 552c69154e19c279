"""For tests of agents: a broker and a supervisor in memory, with switches for what goes wrong."""

from .broker import MemoryBroker
from .stored import Stored, stranger
from .supervisor import MemorySupervisor

__all__ = ["MemoryBroker", "MemorySupervisor", "Stored", "stranger"]
