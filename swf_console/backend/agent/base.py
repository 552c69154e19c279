"""The class to build an agent on."""

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
    kind of message that matters. Everything else comes with it.

    A handler may be called again with the same message, after a crash for instance: what it does must then
    be the same. One that raises is called three times; then the message goes to the dead-letter queue.
    """

    agent_type: ClassVar[str] = "other"
    description: ClassVar[str] = ""
    destinations: ClassVar[Sequence[str]] = (EPICTOPIC,)
    counted: ClassVar[str] = ""  # the msg_type whose number is shown as STFs processed
    threads: ClassVar[int] = 4  # for background calls
    remembers: ClassVar[bool] = False  # is given the recorded messages at each start, not only at the first

    def __init__(
        self,
        settings: Settings,
        namespace: str,
        *,
        connect: Callable[[str], BrokerConnection] | None = None,
        instance: str = "",
    ) -> None:
        """Become the agent of this type, namespace and `instance`. Raises Refused where it runs already.

        `connect` makes the connection for a client id; without it the settings say where the broker is.
        """
        self.settings, self.namespace = settings, namespace
        self.log = logging.getLogger(f"swf_console.agents.{self.agent_type}")
        self._runtime = AgentRuntime(self, settings, namespace, connect, instance)

    @property
    def name(self) -> str:
        """`<type>-agent-<user>-<number>`, the same over all restarts; known once it serves."""
        return self._runtime.identity.name

    @property
    def counts(self) -> MessageCounters:
        """Its messages since it serves, by result."""
        return self._runtime.counts

    @classmethod
    def main(cls) -> None:
        """Be a program: read the command line, serve until SIGTERM, SIGINT or SIGQUIT, and exit."""
        raise SystemExit(run(cls))

    def handlers(self) -> dict[str, Handler]:
        """The methods that take messages, by msg_type."""
        names = [name for name in dir(type(self)) if name.startswith(PREFIX)]
        return {name.removeprefix(PREFIX): getattr(self, name) for name in names}

    def begin(self) -> None:
        """Called once before the first message, when name and settings are known."""

    def end(self) -> None:
        """Called once after the last message."""

    def serve(self) -> None:
        """Handle messages until `stop()`; waits for backends that are away.

        Raises what cannot be waited for: UsageError, or BrokerUnreachable where the broker refuses us.
        """
        self._runtime.serve()

    def stop(self) -> None:
        """Stop in order, from any thread or signal handler; what is not done is done after the next start."""
        self._runtime.stop()

    def wait_ready(self, timeout: float) -> bool:
        """Whether it receives messages within `timeout` seconds."""
        return self._runtime.ready.wait(timeout)

    def parameters_of(self, execution_id: str | None) -> Mapping[str, Any]:
        """The parameters of any execution; those of a message come with it. Raises BackendUnreachable."""
        return self._runtime.parameters_of(execution_id)

    def proceed(self, kept: Sequence[Message], function: Handler) -> None:
        """Handle kept messages: `function` is given each, in one transaction for all."""
        self._runtime.proceed(kept, function)

    def give_back(self, kept: Sequence[Message]) -> None:
        """Give kept messages back: the broker delivers them elsewhere once their subscription closes."""
        self._runtime.give_back(kept)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call in so many seconds, on the one thread of all such calls."""
        self._runtime.timers.after(seconds, call)

    def follow(self, destination: str, prefetch: int) -> Subscription:
        """Subscribe to one destination more, with at most `prefetch` messages unacknowledged."""
        return self._runtime.follow(destination, prefetch)

    def unfollow(self, subscription: Subscription) -> None:
        """End that subscription."""
        self._runtime.unfollow(subscription)

    @property
    def database(self) -> Database:
        """The database, while it serves: for work outside of a handler."""
        return self._runtime.database

    def transaction(self, message: Message) -> AbstractContextManager[HandlerContext]:
        """Open a transaction for background work on `message`: committed as the block ends."""
        return self._runtime.transaction(message)
