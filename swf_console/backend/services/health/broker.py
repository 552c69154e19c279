"""A probe of the broker: never raises, starts nothing."""

import threading
from dataclasses import dataclass

from ...core.errors import SwfError
from ...core.files import read_json
from ...core.settings import Settings
from ...messaging.connection import StompConnection
from ...messaging.embedded import broker_file, find_running
from ...messaging.endpoint import running_broker
from ...messaging.ports import Phase
from ..broker.operations import problems
from ..broker.problems import BrokerProblem
from .connection import ConnectionStatus, Connectivity, no_answer_yet
from .probe import PATIENCE, Probe

ADVICE = "Check the load of its host and the network to it"


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """The state of the broker: `kind` is embedded or stomp, `pid` that of an embedded one."""

    kind: str
    health: Connectivity
    place: str = ""
    server: str = ""
    pid: int | None = None
    error: str | None = None
    advice: str = ""

    @property
    def connection(self) -> ConnectionStatus:
        """The same as status of a connection."""
        return ConnectionStatus("broker", self.health, self.place, error=self.error or "", advice=self.advice)


# for the thread of a probe to end after its own timeout
GRACE_SECONDS = 1.0


class BrokerProbe:
    """A probe of the broker that is under way."""

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._settings, self._patience = settings, patience
        self._probe = Probe(lambda: probe_broker(settings, patience))

    def result(self) -> BrokerHealth:
        """The state of the broker, SLOW without an answer in time."""
        return self._probe.within(self._patience + GRACE_SECONDS, self._no_answer)

    def _no_answer(self) -> BrokerHealth:
        broker = self._settings.broker
        kind, place = ("stomp", f"{broker.host}:{broker.port}") if broker else ("embedded", "")
        return BrokerHealth(
            kind, Connectivity.SLOW, place, error=no_answer_yet(self._patience), advice=ADVICE
        )


def probe_broker(settings: Settings, patience: float = PATIENCE) -> BrokerHealth:
    """Connect to the broker and disconnect; an embedded one that is not running is not started."""
    kind, pid = ("stomp", None) if settings.broker else ("embedded", _embedded_pid(settings))
    if kind == "embedded" and find_running(settings.state_dir) is None:
        return BrokerHealth(kind, Connectivity.IDLE)
    connection = StompConnection(lambda: running_broker(settings), backoff=(60.0, 60.0))
    decided = threading.Event()
    connection.watch(lambda state: decided.set() if state.phase in (Phase.UP, Phase.DOWN) else None)
    connection.start()
    decided.wait(patience)
    state = connection.state()
    connection.stop(timeout=0.1)
    if state.phase is Phase.UP:
        return BrokerHealth(kind, Connectivity.UP, state.broker, state.server, pid)
    if state.last_error:
        return BrokerHealth(kind, Connectivity.DOWN, state.broker, "", pid, state.last_error)
    return BrokerHealth(kind, Connectivity.SLOW, state.broker, "", pid, no_answer_yet(patience), ADVICE)


def probe_problems(settings: Settings) -> list[BrokerProblem] | None:
    """What needs an operator at the broker; None where it cannot be reached, which its probe reports."""
    if settings.broker is None and find_running(settings.state_dir) is None:
        return []
    try:
        return problems(settings)
    except SwfError:
        return None


def _embedded_pid(settings: Settings) -> int | None:
    try:
        return int(read_json(broker_file(settings.state_dir))["pid"])
    except (ValueError, KeyError, TypeError):
        return None
