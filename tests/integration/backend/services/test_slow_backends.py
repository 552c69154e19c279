"""A slow backend is not called down: three states, told apart by status, doctor and readyz."""

import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from swf_console.backend.core.settings import Settings, load_settings
from swf_console.backend.database.connection import migrate
from swf_console.backend.services.health.connection import Connectivity
from swf_console.backend.services.health.doctor.backends import check_broker, check_database
from swf_console.backend.services.health.doctor.checks import CheckResult
from swf_console.backend.services.home import write_home
from swf_console.backend.services.status.home import current_status
from tests.support.activemq import ActiveMQAddress
from tests.support.proxy import Proxy


def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    """A home with a namespace, in this environment."""
    home = tmp_path / "home"
    write_home(home)
    testbed = home / "workflows" / "testbed.toml"
    testbed.write_text(testbed.read_text().replace("your-namespace", "slow"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings(home=home)


@pytest.mark.postgresql
def test_status_postgresql_over_a_slow_link_is_up(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.upgrade(postgresql_url)
    parts = urlsplit(postgresql_url)
    with Proxy(parts.hostname or "", parts.port or 5432) as proxy:
        address = f"{parts.username}:{parts.password}@{proxy.host}:{proxy.port}"
        url = postgresql_url.replace(parts.netloc, address)
        settings = settings_of(tmp_path, monkeypatch, SWF_DATABASE_URL=url)
        proxy.slow(0.1)
        status = current_status(settings)
        assert status.database.health is Connectivity.UP
        assert status.exit_code == 0, status.verdict
        assert check_database(settings).verdict is CheckResult.OK

        proxy.slow(60)
        status = current_status(settings)
        assert status.database.health is Connectivity.SLOW
        assert status.exit_code == 4
        assert status.verdict.startswith("unknown: the database: no answer yet (3 s)")
        assert status.seconds < 6
        check = check_database(settings)
        assert (check.verdict, check.exit_code) == (CheckResult.WARN, 4)
        assert "no answer yet (3 s)" in check.found

        proxy.refuse()
        assert current_status(settings).verdict.startswith("not ready: the database is not reachable")


@pytest.mark.activemq
def test_status_broker_over_a_slow_link_is_up(
    activemq: ActiveMQAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(activemq.host, activemq.port) as proxy:
        settings = settings_of(
            tmp_path,
            monkeypatch,
            ACTIVEMQ_HOST=proxy.host,
            ACTIVEMQ_PORT=str(proxy.port),
            ACTIVEMQ_USER=activemq.user,
            ACTIVEMQ_PASSWORD=activemq.password,
        )
        proxy.slow(0.1)
        assert current_status(settings).broker.health is Connectivity.UP
        proxy.slow(60)
        status = current_status(settings)
        assert status.broker.health is Connectivity.SLOW
        assert (status.exit_code, "not ready" in status.verdict) == (4, False)
        assert check_broker(settings).verdict is CheckResult.WARN
        proxy.refuse()
        assert current_status(settings).broker.health is Connectivity.DOWN


def test_status_busy_process_healthy_file_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(tmp_path, monkeypatch)
    migrate.upgrade(settings.database_url)
    done = threading.Event()

    def burn() -> None:
        while not done.is_set():
            sum(range(1000))

    threads = [threading.Thread(target=burn, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        status = current_status(settings)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert status.database.health is Connectivity.UP
    assert status.exit_code == 0, status.verdict
