"""A look at each backend that never takes longer than it is given, and never raises."""

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from ..configuration import find_testbed, resolve_namespace
from ..errors import SwfError
from ..messaging.address import running_broker
from ..messaging.connection import Connection
from ..messaging.embedded import broker_file, find_running
from ..messaging.link import Phase
from ..services.executions.request import testbed_of
from ..settings import Settings

T = TypeVar("T")


class Health(StrEnum):
    """How a backend is. `idle` is not there yet, and will be when something needs it."""

    UP = "up"
    IDLE = "idle"
    DOWN = "down"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class BrokerLook:
    """The broker: `kind` is embedded or stomp, `pid` that of an embedded one."""

    kind: str
    health: Health
    place: str = ""
    server: str = ""
    pid: int | None = None
    error: str | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceLook:
    """The namespace that testbed.toml names; `error` says why none can be used."""

    name: str | None
    file: str | None = None
    error: str | None = None
    advice: str = ""


@dataclass
class Asked(Generic[T]):
    """A question under way in a thread of its own, which never keeps the process from ending."""

    question: Callable[[], T]
    _answer: "queue.SimpleQueue[T]" = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._ask, name="look", daemon=True).start()

    def within(self, seconds: float, otherwise: Callable[[], T]) -> T:
        """The answer, or `otherwise()` where it has not come within `seconds`."""
        try:
            return self._answer.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return otherwise()

    def _ask(self) -> None:
        self._answer.put(self.question())


def look_at_namespace(settings: Settings) -> NamespaceLook:
    """The namespace, read from its file."""
    file: str | None = None
    try:
        path = find_testbed(settings.testbed_config, settings.workflows_dir)
        file = str(path) if path else None
        return NamespaceLook(resolve_namespace(None, testbed_of(settings)), file)
    except SwfError as error:
        return NamespaceLook(None, file, error.message, error.advice)


def look_at_broker(settings: Settings, patience: float) -> BrokerLook:
    """Connect to the broker and leave again; an embedded one that does not run is not started."""
    kind, pid = ("stomp", None) if settings.broker else ("embedded", _embedded_pid(settings))
    if kind == "embedded" and find_running(settings.state_dir) is None:
        return BrokerLook(kind, Health.IDLE)
    connection = Connection(lambda: running_broker(settings), backoff=(60.0, 60.0))
    decided = threading.Event()
    connection.watch(lambda state: decided.set() if state.phase in (Phase.UP, Phase.DOWN) else None)
    connection.start()
    decided.wait(patience)
    state = connection.state()
    connection.stop(timeout=0.1)
    if state.phase is Phase.UP:
        return BrokerLook(kind, Health.UP, state.broker, state.server, pid)
    if state.last_error:
        return BrokerLook(kind, Health.DOWN, state.broker, "", pid, state.last_error)
    return BrokerLook(
        kind, Health.DOWN, state.broker, "", pid, f"no answer within {patience:.1g} s", "Is it running there?"
    )


def _embedded_pid(settings: Settings) -> int | None:
    try:
        told: Any = json.loads(broker_file(settings.state_dir).read_bytes())
        return int(told["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
