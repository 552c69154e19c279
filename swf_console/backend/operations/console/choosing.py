"""The namespaces that can be looked at."""

from dataclasses import dataclass

from ...services.namespaces import COUNT_CAP, list_namespaces
from .services import ConsoleServices


@dataclass(frozen=True, slots=True)
class Choosable:
    """A namespace and how much is in it; a count that ends in + was not counted further."""

    name: str
    owner: str
    executions: str
    messages: str


def choosable(services: ConsoleServices) -> tuple[Choosable, ...]:
    """Every namespace by name, and the one that is looked at, also before anything is in it; blocks.

    Raises DatabaseUnusable and DatabaseUnreachable.
    """
    found = [
        Choosable(use.namespace.name, use.namespace.owner, _capped(use.executions), _capped(use.messages))
        for use in list_namespaces(services.database())
    ]
    current = services.namespace
    if current and current not in (one.name for one in found):
        found.append(Choosable(current, "nobody yet", "0", "0"))
    return tuple(sorted(found, key=lambda one: one.name))


def _capped(count: int) -> str:
    return f"{COUNT_CAP - 1:,}+" if count >= COUNT_CAP else f"{count:,}"
