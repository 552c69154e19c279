"""What runs, what is up, and one verdict, within a second whatever is down."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..settings import Settings
from .looking import Asked, BrokerLook, Health, NamespaceLook, look_at_broker, look_at_namespace

if TYPE_CHECKING:
    from ..database.figures import Figures
    from .database_look import DatabaseLook

PATIENCE = 0.45
UNCONFIGURED = 2
UNREACHABLE = 3


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a home; `exit_code` is 0 when it is ready to run.

    `figures` are those of the monitor's `/metrics`, where they were asked for and came in time; `errors`
    count what this look met, by backend.
    """

    ready: bool
    verdict: str
    exit_code: int
    broker: BrokerLook
    database: "DatabaseLook"
    namespace: NamespaceLook
    home: str
    seconds: float
    errors: dict[str, int]
    figures: "Figures | None" = None


def look_around(settings: Settings, patience: float = PATIENCE, *, counted: bool = False) -> Status:
    """Look at broker and database at the same time, waiting for neither longer than `patience` seconds.

    The broker is asked first, so that loading the database's libraries is no time lost. `counted` adds the
    figures.
    """
    began = time.monotonic()
    asked_broker = Asked(lambda: look_at_broker(settings, patience))
    namespace = look_at_namespace(settings)
    from .database_look import collect_figures, database_silent, look_at_database

    asked_database = Asked(lambda: look_at_database(settings))
    asked_figures = Asked(lambda: collect_figures(settings)) if counted else None
    database = asked_database.within(patience, lambda: database_silent(settings, patience))
    broker = asked_broker.within(patience / 2, lambda: _broker_silent(settings, patience))
    code, verdict = judge(broker, database, namespace)
    left = began + 2 * patience - time.monotonic()
    figures = asked_figures.within(left, lambda: None) if asked_figures else None
    seconds = round(time.monotonic() - began, 3)
    errors = {"broker": int(_ails(broker.health)), "database": int(_ails(database.health))}
    home = str(settings.home)
    return Status(code == 0, verdict, code, broker, database, namespace, home, seconds, errors, figures)


def judge(broker: BrokerLook, database: "DatabaseLook", namespace: NamespaceLook) -> tuple[int, str]:
    """The exit code and the one line: ready, or what to do first."""
    if broker.health is Health.DOWN:
        return UNREACHABLE, _trouble("the broker cannot be reached", broker.error, broker.advice)
    if database.health is Health.DOWN:
        return UNREACHABLE, _trouble("the database cannot be reached", database.error, database.advice)
    if database.health is Health.UNUSABLE and not _upgrades_itself(database):
        return UNREACHABLE, _trouble("the database cannot be used", database.error, database.advice)
    if namespace.name is None:
        return UNCONFIGURED, _trouble("there is no namespace", namespace.error, namespace.advice)
    return 0, "ready to run"


def _ails(health: Health) -> bool:
    return health in (Health.DOWN, Health.UNUSABLE)


def _upgrades_itself(database: "DatabaseLook") -> bool:
    """An older SQLite file is brought up by whatever opens it next."""
    return database.kind == "sqlite" and "db upgrade" in database.advice


def _trouble(what: str, why: str | None, advice: str) -> str:
    head = f"not ready: {what}: {why}" if why else f"not ready: {what}"
    return f"{head}. {advice}" if advice else head


def _broker_silent(settings: Settings, patience: float) -> BrokerLook:
    kind = "stomp" if settings.broker else "embedded"
    place = f"{settings.broker.host}:{settings.broker.port}" if settings.broker else ""
    return BrokerLook(
        kind, Health.DOWN, place, error=f"no answer within {patience:g} s", advice="Is it running?"
    )
