"""The work on one message: rows and messages that become true together, in one transaction."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..messaging.message import OutgoingMessage, make
from .message import Message

if TYPE_CHECKING:
    from ..database import Connection

SPACE = uuid.UUID("2b1c5d0e-93d4-4b8e-8a6c-0a7b8f3f5e21")
DATABASE_HEADER = "swf_database"
PASSED_ON = ("simulation_tick",)

R = TypeVar("R")


class Identity(NamedTuple):
    """Who works: the agent's name and namespace, and the label of the database that it works on."""

    name: str
    namespace: str
    database: str


class Later(NamedTuple):
    """What the pool is to do once the transaction is committed."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]


class Work:
    """What a handler does with a message. `connection` is for the functions of the database's modules.

    Nothing of it happens where the handler raises. What it does must be the same when it is done again.
    """

    def __init__(self, connection: "Connection", message: Message, agent: Identity) -> None:
        self.connection = connection
        self.agent_name = agent.name
        self.outgoing: list[OutgoingMessage] = []
        self.later: list[Later] = []
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
        """Send a message once the work is committed; returns it with the fields that all messages carry.

        `key` names what it is about (a file, say): the same message about the same thing has the same id,
        so that receivers know it when it comes twice. Without one it belongs to the message in work.
        With `keep_seconds` it is a notice: the broker forgets it when nobody has taken it for so long.
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
        common |= {name: source.content[name] for name in PASSED_ON if name in source.content}
        full = common | dict(content)
        about = key if key is not None else f"{source.id} {len(self.outgoing)}"
        named = (namespace, source.execution_id, destination, full.get("msg_type"), about)
        identity = str(uuid.uuid5(SPACE, "\n".join(str(part) for part in named)))
        headers = {DATABASE_HEADER: self._agent.database}
        if keep_seconds is not None:
            # what is persistent a broker does not forget: it goes among the dead letters
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

        The message counts as worked off once it returns; where it raises, it is called again.
        """
        self.later.append(Later(function, arguments))

    def keep(self, then: Callable[[Message], None]) -> None:
        """Let the message not go yet: `then(message)` is called after the commit, and sees to what follows.

        It belongs to the agent until `Agent.proceed` has worked on it; the broker keeps it until then.
        """
        self.kept = then
