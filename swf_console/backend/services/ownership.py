"""What row 1 says, made from what the services know."""

from ...screens.outages import short
from ...viewmodels.context import ConsoleServices
from ...widgets.bars.status import PipeSign, Standing
from ...widgets.semantic_colors import Tone
from .health.connection import ConnectionStatus, Connectivity

OLD_PROOF = 12.0


class Writes:
    """Whether actions may change something: never with --read-only, and not in somebody else's namespace."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._locked = False
        self._unlocked_for: str | None = None

    @property
    def others(self) -> str | None:
        """The owner, where that is somebody else."""
        owner = self._services.owner()
        return owner if owner and owner != self._services.settings.user else None

    @property
    def refusal(self) -> str:
        """Why nothing may be changed, or an empty text."""
        if why := self._services.why_read_only:
            return f"read-only: {why}"
        if self._locked:
            return "locked: W unlocks writes"
        namespace, owner = self._services.namespace, self.others
        if owner and self._unlocked_for != namespace:
            return f"read-only: {namespace} belongs to {owner}; W unlocks writes"
        return ""

    def lock(self) -> None:
        """Refuse what would change something."""
        self._locked, self._unlocked_for = True, None

    def unlock(self) -> None:
        """Allow it again, in this namespace."""
        self._locked, self._unlocked_for = False, self._services.namespace


def standing(services: ConsoleServices, writes: Writes) -> Standing:
    """Row 1 as it is now."""
    owner = services.owner()
    whose = "yours" if owner == services.settings.user else (owner or "")
    return Standing(
        namespace=services.namespace,
        owner=whose,
        writes="RO" if writes.refusal else "RW",
        pipes=tuple(map(sign_of, services.pipes())),
    )


def sign_of(pipe: ConnectionStatus) -> PipeSign:
    """A pipe as row 1 shows it."""
    age = pipe.age()
    if pipe.flow is Connectivity.UP:
        tone: Tone = "ok" if age is None or age < OLD_PROOF else "watch"
        return PipeSign(pipe.name, tone, "" if age is None else short(age))
    if pipe.flow is Connectivity.IDLE:
        return PipeSign(pipe.name, "off", "off")
    if pipe.flow is Connectivity.STARTING:
        return PipeSign(pipe.name, "unknown", "")
    return PipeSign(pipe.name, "bad", "down" if age is None else f"STALE {short(age)}")
