"""What a real broker refuses is said in clear words, at once, and without a password."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from swf_console.backend.core.errors import BrokerUnreachable
from swf_console.backend.core.settings import BrokerSettings
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.ports import ConnectRefused
from tests.support.activemq import ActiveMQAddress
from tests.support.certificates import make_authority
from tests.support.proxy import Proxy

pytestmark = pytest.mark.activemq


def refusal(broker: BrokerSettings) -> BrokerUnreachable:
    connection = StompConnection(lambda: broker, connect_timeout=2.0)
    connection.start()
    try:
        with pytest.raises(BrokerUnreachable) as caught:
            connection.wait_up(5)
    finally:
        connection.stop()
    return caught.value


@pytest.fixture
def plain(activemq: ActiveMQAddress) -> BrokerSettings:
    return BrokerSettings(activemq.host, activemq.port, activemq.user, activemq.password)


@pytest.fixture
def secure(activemq: ActiveMQAddress, plain: BrokerSettings) -> BrokerSettings:
    return replace(plain, port=activemq.tls_port or 0, tls=True, ca_certs=activemq.ca_file)


def test_connect_wrong_password_is_refused(plain: BrokerSettings) -> None:
    error = refusal(replace(plain, password="hunter2 wrong"))

    assert isinstance(error, ConnectRefused)
    assert "refused the connection" in str(error)
    assert "hunter2" not in str(error)
    assert "ACTIVEMQ_PASSWORD" in error.advice


def test_connect_certificate_of_other_authority_is_refused(secure: BrokerSettings, tmp_path: Path) -> None:
    error = refusal(replace(secure, ca_certs=make_authority(tmp_path).cert_file))

    assert isinstance(error, ConnectRefused)
    assert "is not trusted" in str(error)


def test_connect_certificate_not_of_system_authorities_is_refused(secure: BrokerSettings) -> None:
    assert "is not trusted" in str(refusal(replace(secure, ca_certs=None)))


def test_connect_certificate_of_other_host_is_refused(secure: BrokerSettings) -> None:
    with Proxy(secure.host, secure.port, listen="127.0.0.2") as proxy:
        error = refusal(replace(secure, host=proxy.host, port=proxy.port))

    assert isinstance(error, ConnectRefused)
    assert "127.0.0.2" in str(error)
    assert "is not trusted" in str(error)


def test_connect_tls_on_plain_port_is_refused(plain: BrokerSettings, secure: BrokerSettings) -> None:
    error = refusal(replace(secure, port=plain.port))

    assert "TLS" in str(error)


def test_connect_without_required_client_certificate_is_refused(
    secure: BrokerSettings, activemq: ActiveMQAddress
) -> None:
    error = refusal(replace(secure, port=activemq.mutual_tls_port or 0))

    assert isinstance(error, ConnectRefused)
    assert "no TLS" in str(error)


@pytest.mark.parametrize("name", ["ca_certs", "cert_file"])
def test_connect_invalid_certificate_file_is_refused(
    secure: BrokerSettings, tmp_path: Path, name: str
) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    changed: Callable[..., BrokerSettings] = replace

    error = refusal(changed(secure, **{name: nonsense}))

    assert isinstance(error, ConnectRefused)
    assert "TLS to the broker is not possible" in str(error)
