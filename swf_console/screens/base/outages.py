"""What is said of a backend that does not answer: since when, why, what to do, when it is tried again."""

from ...backend.core.format import short_age
from ...backend.core.sanitize import brief
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ...viewmodels.context import ConsoleContext


def outage(pipe: ConnectionStatus) -> str:
    """Since when nothing comes from there, when it is tried again, why, what to do; empty where it is up."""
    if pipe.state in (Connectivity.UP, Connectivity.IDLE, Connectivity.STARTING):
        return ""
    age, wait = pipe.age(), pipe.next_in()
    words = f"STALE {short_age(age)}" if age is not None else "NOT CONNECTED"
    again = "" if wait is None else f" · next try in {wait:.0f} s"
    why = brief(pipe.error or "no reason given", 300)
    advice = f". {pipe.advice}" if pipe.advice else ""
    return f"{pipe.subject}: {words}{again} · {why}{advice}"


def outages(services: ConsoleContext, *names: str) -> list[str]:
    """What is to be said of the pipes of these names."""
    return [words for pipe in services.connections() if pipe.name in names and (words := outage(pipe))]


def database_notice(services: ConsoleContext, trouble: str) -> str:
    """What stands in the way of reading the database, with its age and the next try; empty where nothing."""
    return next(iter(outages(services, "db")), trouble) if trouble else ""
