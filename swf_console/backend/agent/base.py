"""The class to build an agent on."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from ..core.destinations import EPICTOPIC
from ..core.settings import Settings
from ..database import Database
from ..messaging.link import Link
from ..messaging.subscriber import Feed
from .cli import run
from .context import Work
from .inflight import Counts
from .message import Message
from .runtime import Running

PREFIX = "handle_"

Handler = Callable[[Message, Work], None]


class Agent:
    """Subclass it, name the destinations, and write a method `handle_<msg_type>(message, work)` for each
    kind of message that matters. Everything else comes with it.

    A handler may be called again with the same message, after a crash for instance: what it does must then
    be the same. One that raises is called three times; then the message is set aside.
    """

    agent_type: ClassVar[str] = "other"
    description: ClassVar[str] = ""
    destinations: ClassVar[Sequence[str]] = (EPICTOPIC,)
    counted: ClassVar[str] = ""  # the msg_type whose number is shown as STFs processed
    threads: ClassVar[int] = 4  # for work in the background
    remembers: ClassVar[bool] = False  # is given what was recorded at each start, not at its first only

    def __init__(
        self,
        settings: Settings,
        namespace: str,
        *,
        connect: Callable[[str], Link] | None = None,
        instance: str = "",
    ) -> None:
        """Become the agent of this type, namespace and `instance`. Raises Refused where it runs already.

        `connect` makes the connection for a client id; without it the settings say where the broker is.
        """
        self.settings, self.namespace = settings, namespace
        self.log = logging.getLogger(f"swf_console.agents.{self.agent_type}")
        self._running = Running(self, settings, namespace, connect, instance)

    @property
    def name(self) -> str:
        """`<type>-agent-<user>-<number>`, the same over all restarts; known once it serves."""
        return self._running.identity.name

    @property
    def counts(self) -> Counts:
        """What became of its messages since it serves."""
        return self._running.counts

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
        """Wait for messages and work on them until `stop()`; waits for backends that are away.

        Raises what cannot be waited for: UsageError, or BrokerUnreachable where the broker refuses us.
        """
        self._running.serve()

    def stop(self) -> None:
        """End in order, from any thread or signal handler; what is not done is done after the next start."""
        self._running.stop()

    def wait_ready(self, timeout: float) -> bool:
        """Whether it hears messages within `timeout` seconds."""
        return self._running.ready.wait(timeout)

    def parameters_of(self, execution_id: str | None) -> Mapping[str, Any]:
        """The parameters of any execution; a message has its own with it. Raises BackendUnreachable."""
        return self._running.parameters_of(execution_id)

    def proceed(self, kept: Sequence[Message], function: Handler) -> None:
        """Go on with messages that were kept: `function` is given each, in one transaction for all."""
        self._running.proceed(kept, function)

    def give_back(self, kept: Sequence[Message]) -> None:
        """Leave messages that were kept to others: the broker has them until the feed they came by closes."""
        self._running.give_back(kept)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call in so many seconds, on a thread that all such calls share."""
        self._running.schedule.after(seconds, call)

    def follow(self, destination: str, prefetch: int) -> Feed:
        """Follow one destination more; the broker gives us no more than `prefetch` messages at once."""
        return self._running.follow(destination, prefetch)

    def unfollow(self, feed: Feed) -> None:
        """Follow it no more."""
        self._running.unfollow(feed)

    @property
    def database(self) -> Database:
        """The database, while it serves: for what no message asks for."""
        return self._running.database

    def transaction(self, message: Message) -> AbstractContextManager[Work]:
        """Open a transaction for work on `message` in the background: committed as the block ends."""
        return self._running.transaction(message)
