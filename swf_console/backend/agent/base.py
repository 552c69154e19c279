"""The base class of agents."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from ..core.destinations import EPICTOPIC
from ..core.settings import Settings
from ..database import Database
from ..messaging.ports import BrokerConnection
from ..messaging.subscription import Subscription
from .cli import run
from .context import Handler, HandlerContext
from .inflight import MessageCounters
from .message import Message
from .runtime import AgentRuntime

PREFIX = "handle_"


class Agent:
    """Subclass it, name the destinations, and write a method `handle_<msg_type>(message, context)` for each
    message type to handle. The base class does the rest.

    A handler may be called again with the same message, for example after a crash: it must then write the
    same. A handler that raises is called three times; then the message goes to the dead-letter queue.
    """

    agent_type: ClassVar[str] = "other"
    description: ClassVar[str] = ""
    destinations: ClassVar[Sequence[str]] = (EPICTOPIC,)
    counted: ClassVar[str] = ""  # the message type whose number is shown as STFs processed
    threads: ClassVar[int] = 4  # for background calls
    remembers: ClassVar[bool] = False  # recorded messages are replayed at each start, not only at the first

    def __init__(
        self,
        settings: Settings,
        namespace: str,
        *,
        connect: Callable[[str], BrokerConnection] | None = None,
        instance: str = "",
    ) -> None:
        """Take the identity of this type, namespace and `instance`. Raises Refused if it is running already.

        `connect` makes the connection for a client id; by default it goes to the broker of the settings.
        """
        self.settings, self.namespace = settings, namespace
        self.log = logging.getLogger(f"swf_console.agents.{self.agent_type}")
        self._runtime = AgentRuntime(self, settings, namespace, connect, instance)

    @property
    def name(self) -> str:
        """`<type>-agent-<user>-<number>`, the same after every restart; set once serve() runs."""
        return self._runtime.identity.name

    @property
    def counts(self) -> MessageCounters:
        """Numbers of messages since the start, by result."""
        return self._runtime.counts

    @classmethod
    def main(cls) -> None:
        """Run as a program: read the command line, serve until SIGTERM, SIGINT or SIGQUIT, and exit."""
        raise SystemExit(run(cls))

    def handlers(self) -> dict[str, Handler]:
        """The handler methods, by message type."""
        names = [name for name in dir(type(self)) if name.startswith(PREFIX)]
        return {name.removeprefix(PREFIX): getattr(self, name) for name in names}

    def begin(self) -> None:
        """Called once before the first message; name and settings are set then."""

    def end(self) -> None:
        """Called once after the last message."""

    def serve(self) -> None:
        """Handle messages until `stop()`; waits while a backend is not reachable.

        Raises what waiting cannot fix: UsageError, or BrokerUnreachable if the broker refuses the connection.
        """
        self._runtime.serve()

    def stop(self) -> None:
        """Stop, from any thread or signal handler; unfinished messages are handled after the next start."""
        self._runtime.stop()

    def wait_ready(self, timeout: float) -> bool:
        """Wait until it receives messages; false after `timeout` seconds."""
        return self._runtime.ready.wait(timeout)

    def parameters_of(self, execution_id: str | None) -> Mapping[str, Any]:
        """The parameters of any execution; those of a message come with it. Raises BackendUnreachable."""
        return self._runtime.parameters_of(execution_id)

    def proceed(self, kept: Sequence[Message], function: Handler) -> None:
        """Call `function` with each kept message, in one transaction for all, and acknowledge them."""
        self._runtime.proceed(kept, function)

    def give_back(self, kept: Sequence[Message]) -> None:
        """Return kept messages: the broker delivers them to another consumer once their subscription ends."""
        self._runtime.give_back(kept)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after `seconds`, on the one thread of all such calls."""
        self._runtime.timers.after(seconds, call)

    def follow(self, destination: str, prefetch: int) -> Subscription:
        """Add a subscription, with at most `prefetch` unacknowledged messages."""
        return self._runtime.follow(destination, prefetch)

    def unfollow(self, subscription: Subscription) -> None:
        """End that subscription."""
        self._runtime.unfollow(subscription)

    @property
    def database(self) -> Database:
        """The database, for work outside a handler; set while serve() runs."""
        return self._runtime.database

    def transaction(self, message: Message) -> AbstractContextManager[HandlerContext]:
        """Open a transaction for background work on `message`; it is committed at the end of the block."""
        return self._runtime.transaction(message)
