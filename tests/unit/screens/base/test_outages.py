"""Texts for a backend that does not answer."""

import pytest

from swf_console.backend.services.health.connection import ConnectionStatus, Connectivity
from swf_console.screens.base.outages import outage


@pytest.mark.parametrize("state", [Connectivity.UP, Connectivity.IDLE, Connectivity.STARTING])
def test_outage_working_connection_is_empty(state: Connectivity) -> None:
    assert outage(ConnectionStatus("db", state, error="old")) == ""


def test_outage_slow_backend_is_not_called_unreachable() -> None:
    slow = ConnectionStatus("db", Connectivity.SLOW, error="no answer yet (9 s)")
    assert outage(slow) == "the database: no answer yet (9 s), still waiting"


def test_outage_down_backend_shows_cause_and_advice() -> None:
    down = ConnectionStatus("broker", Connectivity.DOWN, error="refused", advice="Start it")
    assert outage(down) == "the broker: NOT CONNECTED · refused. Start it"
