"""The broker to use: the one that ACTIVEMQ_* name, or the embedded broker of this home."""

from typing import Protocol

from ..core.errors import BrokerUnreachable
from ..core.settings import BrokerSettings, Settings


class BrokerEndpoint(Protocol):
    """A broker to connect to; a StompConnection calls `address` before each attempt."""

    @property
    def kind(self) -> str:
        """`stomp` for a broker that ACTIVEMQ_* name, else `embedded`."""

    def address(self) -> BrokerSettings:
        """The current address; may start the broker, and so take a moment. Raises BrokerUnreachable."""

    def release(self, timeout: float = 1.0) -> None:
        """This process no longer needs it."""


class ConfiguredBroker:
    """The broker that ACTIVEMQ_* name: this program neither starts nor stops it."""

    kind = "stomp"

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker

    def address(self) -> BrokerSettings:
        """The address from the environment."""
        return self._broker

    def release(self, timeout: float = 1.0) -> None:
        """Nothing to do."""


def running_broker(settings: Settings) -> BrokerSettings:
    """The address of the running broker of these settings; starts nothing. Raises BrokerUnreachable."""
    if settings.broker is not None:
        return settings.broker
    from .embedded import find_running

    found = find_running(settings.state_dir)
    if found is None:
        raise BrokerUnreachable(
            "the embedded broker of this home is not running", "Start it: swf-console broker"
        )
    return found


def choose_broker(settings: Settings) -> BrokerEndpoint:
    """The broker of these settings; the first `address()` finds or starts the embedded one."""
    if settings.broker is not None:
        return ConfiguredBroker(settings.broker)
    from .embedded import EmbeddedBroker

    return EmbeddedBroker(settings)
