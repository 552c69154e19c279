"""Environment variables with which other programs find broker, monitor and configuration of a home."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..config.testbed import find_testbed
from ..core.errors import BrokerUnreachable
from ..core.settings import EMBEDDED_BROKER, BrokerSettings, Settings, load_settings
from ..http_server.address import read_address
from ..messaging.endpoint import running_broker

USUAL_URL = "http://127.0.0.1:8002"


@dataclass(frozen=True, slots=True)
class EnvironmentExport:
    """The variables by name, and remarks for the user."""

    variables: dict[str, str]
    remarks: tuple[str, ...]


def program_addresses(environment: Mapping[str, str], uses_package: bool) -> dict[str, str]:
    """What a declared program needs to find broker, monitor and configuration of its home.

    Without the broker's variables while the embedded broker is not running. A program that uses this package
    finds that broker itself, wherever it listens after a restart, and waits for a monitor that it was given:
    it is given only one that runs.
    """
    settings = load_settings(environment)
    named = {**_home_variables(settings), "SWF_HOME": str(settings.home.parent)}
    if uses_package and settings.monitor_url is None and read_address(settings.state_dir) is None:
        del named["SWF_MONITOR_URL"], named["SWF_MONITOR_HTTP_URL"]
    with suppress(BrokerUnreachable):
        named |= _broker(running_broker(settings))
        if settings.broker is None:
            named[EMBEDDED_BROKER] = "1"
    return named


def export_environment(settings: Settings) -> EnvironmentExport:
    """The variables to set. Raises BrokerUnreachable if the embedded broker of this home is not running."""
    remarks = []
    named = {**_broker(running_broker(settings)), **_home_variables(settings)}
    if settings.monitor_url is None and read_address(settings.state_dir) is None:
        url = named["SWF_MONITOR_URL"]
        remarks.append(
            f"the monitor of this home is not running, it would listen on {url}: swf-console monitor"
        )
    return EnvironmentExport(named, tuple(remarks))


def _home_variables(settings: Settings) -> dict[str, str]:
    address = read_address(settings.state_dir)
    url = settings.monitor_url or (address.url if address else USUAL_URL)
    testbed = find_testbed(settings.testbed_config, settings.workflows_dir)
    return {
        "SWF_MONITOR_URL": url,
        "SWF_MONITOR_HTTP_URL": url,
        "SWF_API_TOKEN": settings.api_token or "",
        "SWF_TESTBED_CONFIG": str((testbed or settings.workflows_dir / "testbed.toml").absolute()),
    }


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
