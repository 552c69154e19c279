"""Connection pollers: answers and failures of a probe."""

import threading

from swf_console.backend.core.errors import BackendUnreachable, DatabaseUnusable
from swf_console.backend.services.health.connection import ConnectionStatus, Connectivity
from swf_console.viewmodels.connections import ConnectionPoller
from tests.support.waiting import wait_for


def test_connection_poller_failing_probe_is_down_until_it_answers() -> None:
    broken = threading.Event()
    broken.set()

    def probe() -> ConnectionStatus:
        if broken.is_set():
            raise BackendUnreachable("no answer", "Start it")
        return ConnectionStatus("x", Connectivity.UP)

    poller = ConnectionPoller("db", probe, every=0.01)
    poller.start()
    wait_for(lambda: poller.status().state is Connectivity.DOWN)
    assert (poller.status().error, poller.status().advice) == ("no answer", "Start it")
    assert poller.status().next_in() is not None
    broken.clear()
    wait_for(lambda: poller.status().state is Connectivity.UP)
    age = poller.status().age()
    assert age is not None
    assert age < 5
    poller.close()


def test_connection_poller_unusable_database_is_not_down() -> None:
    def probe() -> ConnectionStatus:
        raise DatabaseUnusable("it is of another version", "swf-console db upgrade")

    poller = ConnectionPoller("db", probe, every=0.01)
    poller.start()
    wait_for(lambda: poller.status().state is Connectivity.UNUSABLE)
    assert poller.status().trouble == "it is of another version. swf-console db upgrade"
    poller.close()
