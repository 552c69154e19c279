"""The content of the status bar."""

from ...backend.core.format import short_age
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ...backend.services.ownership import WritePolicy
from ...viewmodels.context import ConsoleContext
from ...widgets.bars.status import ConnectionSign, StatusBarContent
from ...widgets.semantic_colors import SemanticColor

# every connection is probed at least every ten seconds: an older sign of life is suspicious
OLD_SECONDS = 12.0


class WriteAccess:
    """The write policy for the console's namespace."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._policy = WritePolicy(context.settings.user)

    @property
    def other_owner(self) -> str | None:
        """The owner, if that is another user."""
        return self._policy.other(self._context.owner())

    @property
    def refusal(self) -> str:
        """Why writes are refused; empty if they are allowed."""
        context = self._context
        return self._policy.refusal(context.why_read_only, context.namespace, context.owner())

    def lock(self) -> None:
        """Refuse writes."""
        self._policy.lock()

    def unlock(self) -> None:
        """Allow writes in this namespace."""
        self._policy.unlock(self._context.namespace)


def status_of(context: ConsoleContext, writes: WriteAccess) -> StatusBarContent:
    """The content of the status bar now."""
    owner = context.owner()
    owner_text = "yours" if owner == context.settings.user else (owner or "")
    return StatusBarContent(
        namespace=context.namespace,
        owner=owner_text,
        writes="RO" if writes.refusal else "RW",
        connections=tuple(map(connection_sign, context.connections())),
    )


def connection_sign(connection: ConnectionStatus) -> ConnectionSign:
    """A connection as the status bar shows it."""
    age = connection.age()
    if connection.state is Connectivity.UP:
        color: SemanticColor = "ok" if age is None or age < OLD_SECONDS else "watch"
        return ConnectionSign(connection.name, color, "" if age is None else short_age(age))
    if connection.state is Connectivity.IDLE:
        return ConnectionSign(connection.name, "off", "off")
    if connection.state is Connectivity.STARTING:
        return ConnectionSign(connection.name, "unknown", "starting")
    if connection.state is Connectivity.SLOW:
        return ConnectionSign(connection.name, "watch", _with_age("slow", age))
    state = "down" if connection.state is Connectivity.DOWN else "unusable"
    return ConnectionSign(connection.name, "bad", _with_age(state, age))


def _with_age(state: str, age: float | None) -> str:
    """The state with the age of the last sign of life."""
    return state if age is None else f"{state} {short_age(age)}"
