"""The base of every agent: subclass Agent, name the destinations, write handle_<msg_type> methods.

agent       the class to build on
message     what a handler is given: fields that are what they should be, and the run's parameters
work        what a handler does: rows and messages that become true together
running     the parts of a living agent: intake, desk, pool, heart-beat
Nothing is imported here before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent import Agent as Agent
    from .message import BadMessage as BadMessage
    from .message import Message as Message
    from .work import Work as Work

EPICTOPIC = "/topic/epictopic"
MONITORING_QUEUE = "/queue/monitoring_agent"

_HOMES = {"Agent": "agent", "BadMessage": "message", "Message": "message", "Work": "work"}


def __getattr__(name: str) -> Any:
    module = _HOMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{module}", __name__), name)
