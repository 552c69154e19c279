"""Readiness of the monitor: not ready needs a proof, slow is something else."""

import threading

import pytest

from swf_console.api import health
from swf_console.backend.database import Connection, metrics
from swf_console.backend.services.health.connection import Connectivity
from tests.support.monitor import Monitor


def test_readyz_without_broker_is_not_ready(monitor: Monitor) -> None:
    answer = monitor.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "database": True, "broker": False}


def test_readyz_slow_database_is_not_called_not_ready(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = threading.Event()

    def ping(_connection: Connection) -> None:
        blocked.wait(30)

    monkeypatch.setattr(metrics, "ping", ping)
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    monkeypatch.setattr(health.Health, "_broker_state", lambda _self: Connectivity.UP)
    try:
        answer = monitor.ask("GET", "/readyz")
    finally:
        blocked.set()
    assert answer.status_code == 503
    assert answer.json() == {"status": "no answer yet", "database": False, "broker": True}
