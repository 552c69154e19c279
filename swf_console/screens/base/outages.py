"""Texts for a backend that does not answer: since when, why, what to do, when the next attempt is."""

from ...backend.core.format import short_age
from ...backend.core.sanitize import brief
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ...viewmodels.context import ConsoleContext


def outage(connection: ConnectionStatus) -> str:
    """The problem of a connection in one line; empty while it works. A slow backend has not failed."""
    if connection.state is Connectivity.SLOW:
        return f"{connection.subject}: {brief(connection.error, 300)}, still waiting"
    if not connection.state.is_away:
        return ""
    age, wait = connection.age(), connection.next_in()
    state = f"STALE {short_age(age)}" if age is not None else "NOT CONNECTED"
    again = "" if wait is None else f" · next try in {wait:.0f} s"
    why = brief(connection.error or "no reason given", 300)
    advice = f". {connection.advice}" if connection.advice else ""
    return f"{connection.subject}: {state}{again} · {why}{advice}"


def unknown_because(context: ConsoleContext, name: str) -> str:
    """Why what a backend knows is not known, as the end of a sentence."""
    connection = next(one for one in context.connections() if one.name == name)
    if connection.state is Connectivity.UNUSABLE:
        return f"{connection.subject} is not usable"
    if connection.state is Connectivity.DOWN:
        return f"{connection.subject} is not reachable"
    return f"no answer from {connection.subject} yet"


def outages(context: ConsoleContext, *names: str) -> list[str]:
    """The lost connections among those named."""
    return [
        text
        for connection in context.connections()
        if connection.name in names and (text := outage(connection))
    ]


def database_notice(context: ConsoleContext, trouble: str) -> str:
    """Why the database cannot be read, with its age and the next attempt; empty without `trouble`."""
    return next(iter(outages(context, "db")), trouble) if trouble else ""
