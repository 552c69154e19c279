"""What a handler writes for one message: rows and messages, stored in one transaction."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..messaging.message import OutgoingMessage, make
from .message import Message

if TYPE_CHECKING:
    from ..database import Connection

# of the ids that are derived from a subject: changing it would make repeated messages new ones
ID_SPACE = uuid.UUID("2b1c5d0e-93d4-4b8e-8a6c-0a7b8f3f5e21")
# header names of selectors must be identifiers (JMS 2.0, 3.8.1.1): no hyphens
DATABASE_HEADER = "swf_database"
INHERITED_FIELDS = ("simulation_tick",)

R = TypeVar("R")


class AgentInfo(NamedTuple):
    """An agent's name and namespace, and the id of its database."""

    name: str
    namespace: str
    database: str


class BackgroundCall(NamedTuple):
    """A call for the executor after the commit."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]


class HandlerContext:
    """What a handler writes and sends. `connection` is for the functions of the database modules.

    If the handler raises, nothing is written or sent. A repeated call must write and send the same.
    """

    def __init__(self, connection: "Connection", message: Message, agent: AgentInfo) -> None:
        self.connection = connection
        self.agent_name = agent.name
        self.outgoing: list[OutgoingMessage] = []
        self.background_calls: list[BackgroundCall] = []
        self.rows: list[tuple[Callable[..., object], Any]] = []
        self.kept: Callable[[Message], None] | None = None
        self._message, self._agent = message, agent

    def send(
        self,
        destination: str,
        content: Mapping[str, Any],
        *,
        key: str | None = None,
        keep_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Send a message after the commit; returns it with the common fields.

        `key` names its subject, for example a file: a repeated message about the same subject has the same
        id, so that receivers drop it. Without a key the id is derived from the current message.
        With `keep_seconds` the message expires: the broker drops it if it is not consumed within that time.
        """
        source = self._message
        namespace = source.namespace or self._agent.namespace
        common: dict[str, Any] = {
            "namespace": namespace,
            "execution_id": source.execution_id,
            "run_id": source.run_id,
            "timestamp": datetime.now(UTC).isoformat(),
            "sender": self._agent.name,
        }
        common |= {name: source.content[name] for name in INHERITED_FIELDS if name in source.content}
        full = common | dict(content)
        about = key if key is not None else f"{source.id} {len(self.outgoing)}"
        named = (namespace, source.execution_id, destination, full.get("msg_type"), about)
        identity = str(uuid.uuid5(ID_SPACE, "\n".join(str(part) for part in named)))
        headers = {DATABASE_HEADER: self._agent.database}
        if keep_seconds is not None:
            # not persistent: ActiveMQ moves a persistent message that expires to the dead-letter queue
            expires = round((time.time() + keep_seconds) * 1000)
            headers |= {"persistent": "false", "expires": str(expires)}
        self.outgoing.append(make(destination, full, message_id=identity, headers=headers))
        return full

    def write(self, function: Callable[["Connection", Sequence[R]], object], row: R) -> None:
        """Write this row with `function(connection, rows)` before the commit, with those of other messages.

        Functions are called in the order in which they were first passed.
        """
        self.rows.append((function, row))

    def background(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call `function` on one of the agent's threads after the commit: for long work.

        The message is acknowledged after it returns; if it raises, it is called again.
        """
        self.background_calls.append(BackgroundCall(function, arguments))

    def keep(self, then: Callable[[Message], None]) -> None:
        """Do not acknowledge the message yet: `then(message)` is called after the commit.

        It is acknowledged after `Agent.proceed` has handled it.
        """
        self.kept = then


Handler = Callable[[Message, HandlerContext], None]
