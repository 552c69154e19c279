"""What row 1 says, made from what the services know."""

from ...backend.core.format import short_age
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ...backend.services.ownership import WritePolicy
from ...viewmodels.context import ConsoleContext
from ...widgets.bars.status import PipeSign, Standing
from ...widgets.semantic_colors import Tone

OLD_PROOF = 12.0


class Writes:
    """The write policy in the namespace that the console looks at."""

    def __init__(self, services: ConsoleContext) -> None:
        self._services = services
        self._policy = WritePolicy(services.settings.user)

    @property
    def others(self) -> str | None:
        """The owner, where that is another user."""
        return self._policy.other(self._services.owner())

    @property
    def refusal(self) -> str:
        """Why nothing may be changed, or an empty text."""
        services = self._services
        return self._policy.refusal(services.why_read_only, services.namespace, services.owner())

    def lock(self) -> None:
        """Refuse what would change something."""
        self._policy.lock()

    def unlock(self) -> None:
        """Allow it again, in this namespace."""
        self._policy.unlock(self._services.namespace)


def standing(services: ConsoleContext, writes: Writes) -> Standing:
    """Row 1 as it is now."""
    owner = services.owner()
    whose = "yours" if owner == services.settings.user else (owner or "")
    return Standing(
        namespace=services.namespace,
        owner=whose,
        writes="RO" if writes.refusal else "RW",
        pipes=tuple(map(sign_of, services.connections())),
    )


def sign_of(pipe: ConnectionStatus) -> PipeSign:
    """A pipe as row 1 shows it."""
    age = pipe.age()
    if pipe.state is Connectivity.UP:
        tone: Tone = "ok" if age is None or age < OLD_PROOF else "watch"
        return PipeSign(pipe.name, tone, "" if age is None else short_age(age))
    if pipe.state is Connectivity.IDLE:
        return PipeSign(pipe.name, "off", "off")
    if pipe.state is Connectivity.STARTING:
        return PipeSign(pipe.name, "unknown", "")
    return PipeSign(pipe.name, "bad", "down" if age is None else f"STALE {short_age(age)}")
