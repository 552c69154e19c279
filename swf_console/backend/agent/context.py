"""What handling one message writes: rows and messages, stored in one transaction."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..messaging.message import OutgoingMessage, make
from .message import Message

if TYPE_CHECKING:
    from ..database import Connection

ID_SPACE = uuid.UUID("2b1c5d0e-93d4-4b8e-8a6c-0a7b8f3f5e21")
DATABASE_HEADER = "swf_database"
INHERITED_FIELDS = ("simulation_tick",)

R = TypeVar("R")


class AgentInfo(NamedTuple):
    """An agent's name and namespace, and the id of the database that it works on."""

    name: str
    namespace: str
    database: str


class BackgroundCall(NamedTuple):
    """A call for the executor once the transaction is committed."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]


class HandlerContext:
    """What a handler does with a message. `connection` is for the functions of the database's modules.

    Nothing of it happens where the handler raises. What it does must be the same when it is done again.
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
        """Send a message after the commit; returns it with the fields that all messages carry.

        `key` names what it is about (a file, say): the same message about the same thing has the same id,
        so that receivers know it when it comes twice. Without one it belongs to the message at hand.
        With `keep_seconds` it is a notice: the broker drops it when it was not consumed for so long.
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
            # a persistent message that expires goes to the dead letters
            expires = round((time.time() + keep_seconds) * 1000)
            headers |= {"persistent": "false", "expires": str(expires)}
        self.outgoing.append(make(destination, full, message_id=identity, headers=headers))
        return full

    def write(self, function: Callable[["Connection", Sequence[R]], object], row: R) -> None:
        """Have `function(connection, rows)` write this row before the commit, with those of other messages.

        Rows are written in the order in which their functions were first named.
        """
        self.rows.append((function, row))

    def background(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call `function` on one of the agent's threads after the commit: for what takes long.

        The message counts as handled once it returns; where it raises, it is called again.
        """
        self.background_calls.append(BackgroundCall(function, arguments))

    def keep(self, then: Callable[[Message], None]) -> None:
        """Do not acknowledge the message yet: `then(message)` is called after the commit.

        The broker keeps it until `Agent.proceed` has handled it.
        """
        self.kept = then


Handler = Callable[[Message, HandlerContext], None]
