"""For tests of agents: a broker and a supervisor in memory, with switches for what goes wrong."""

from .fake_supervisor import MemorySupervisor
from .memory_broker import MemoryBroker, Stored, stranger

__all__ = ["MemoryBroker", "MemorySupervisor", "Stored", "stranger"]
