"""Environment variables with which other programs find broker, monitor and configuration of a home."""

from dataclasses import dataclass
from pathlib import Path

from ..config.testbed import find_testbed
from ..core.settings import BrokerSettings, Settings
from ..http_server.address import read_address
from ..messaging.endpoint import running_broker

USUAL_URL = "http://127.0.0.1:8002"


@dataclass(frozen=True, slots=True)
class EnvironmentExport:
    """The variables by name, and remarks for the user."""

    variables: dict[str, str]
    remarks: tuple[str, ...]


def export_environment(settings: Settings) -> EnvironmentExport:
    """The variables to set. Raises BrokerUnreachable if the embedded broker of this home is not running."""
    remarks = []
    address = read_address(settings.state_dir)
    url = settings.monitor_url or (address.url if address else USUAL_URL)
    if address is None and settings.monitor_url is None:
        remarks.append(
            f"the monitor of this home is not running, it would listen on {url}: swf-console monitor"
        )
    testbed = find_testbed(settings.testbed_config, settings.workflows_dir)
    named = {
        **_broker(running_broker(settings)),
        "SWF_MONITOR_URL": url,
        "SWF_MONITOR_HTTP_URL": url,
        "SWF_API_TOKEN": settings.api_token or "",
        "SWF_TESTBED_CONFIG": str((testbed or settings.workflows_dir / "testbed.toml").absolute()),
    }
    return EnvironmentExport(named, tuple(remarks))


def _broker(broker: BrokerSettings) -> dict[str, str]:
    named = {
        "ACTIVEMQ_HOST": broker.host,
        "ACTIVEMQ_PORT": str(broker.port),
        "ACTIVEMQ_USER": broker.user,
        "ACTIVEMQ_PASSWORD": broker.password,
        "ACTIVEMQ_USE_SSL": "True" if broker.tls else "False",
    }
    files = {
        "ACTIVEMQ_SSL_CA_CERTS": broker.ca_certs,
        "ACTIVEMQ_SSL_CERT_FILE": broker.cert_file,
        "ACTIVEMQ_SSL_KEY_FILE": broker.key_file,
    }
    return named | {name: _path(file) for name, file in files.items()}


def _path(file: Path | None) -> str:
    return "" if file is None else str(file)
