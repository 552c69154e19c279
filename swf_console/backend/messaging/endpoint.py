"""Where the broker is: the one that ACTIVEMQ_* name, or the embedded one of this home."""

from typing import Protocol

from ..core.errors import BrokerUnreachable
from ..core.settings import BrokerSettings, Settings


class BrokerEndpoint(Protocol):
    """A broker to connect to; a StompConnection calls `address` before each attempt."""

    @property
    def kind(self) -> str:
        """`stomp` for one that ACTIVEMQ_* name, else `embedded`."""

    def address(self) -> BrokerSettings:
        """How to reach it now; may start it, and so take a moment. Raises BrokerUnreachable."""

    def release(self, timeout: float = 1.0) -> None:
        """It is not needed any more."""


class ConfiguredBroker:
    """The broker that ACTIVEMQ_* name: not ours to start or to end."""

    kind = "stomp"

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker

    def address(self) -> BrokerSettings:
        """What the environment says."""
        return self._broker

    def release(self, timeout: float = 1.0) -> None:
        """Nothing to do."""


def running_broker(settings: Settings) -> BrokerSettings:
    """How to reach the broker of these settings, which is not started for it; else BrokerUnreachable."""
    if settings.broker is not None:
        return settings.broker
    from .embedded import find_running

    found = find_running(settings.state_dir)
    if found is None:
        raise BrokerUnreachable("no embedded broker runs for this home", "Start one: swf-console broker")
    return found


def choose_broker(settings: Settings) -> BrokerEndpoint:
    """The broker of these settings; the embedded one is found or started by the first `address()`."""
    if settings.broker is not None:
        return ConfiguredBroker(settings.broker)
    from .embedded import EmbeddedBroker

    return EmbeddedBroker(settings)
