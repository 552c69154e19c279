"""A broker under test, whichever it is."""

from collections.abc import Callable
from dataclasses import dataclass

from .stomp_socket import StompSocket

Connect = Callable[..., StompSocket]


@dataclass(frozen=True)
class BrokerAccess:
    """Where the broker under test is, and its login. `kind`: embedded or activemq."""

    kind: str
    host: str
    port: int
    user: str
    password: str

    def open(self) -> StompSocket:
        """A connection without CONNECT."""
        return StompSocket(self.host, self.port, timeout=10)
