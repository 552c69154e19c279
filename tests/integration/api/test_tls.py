"""The monitor for other machines: over TLS and with a token only."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests

from tests.support.certificates import Certificate, make_authority, make_certificate
from tests.support.homes import run
from tests.support.processes.monitor import MonitorProcess

TOKEN = "a-token-that-travels-only-over-tls"
EVERYWHERE = "0.0.0.0"  # noqa: S104 (with a token and a certificate)
BEAT = {"instance_name": "data-agent-far-1", "agent_type": "data", "status": "OK"}


def own_address() -> str:
    """An address by which other machines reach this one; that of the loopback where it has no network."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking, suppress(OSError):
        asking.connect(("198.51.100.1", 9))  # nothing is sent: the system says whence it would be
        return str(asking.getsockname()[0])
    return "127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def certificate(tmp_path: Path, authority: Certificate) -> Certificate:
    return make_certificate(tmp_path / "tls", "monitor", authority, own_address())


@pytest.fixture
def tls_monitor(tmp_path: Path, certificate: Certificate) -> Iterator[MonitorProcess]:
    made = MonitorProcess(tmp_path, SWF_API_TOKEN=TOKEN)
    words = ["--tls-cert", str(certificate.cert_file), "--tls-key", str(certificate.key_file)]
    yield made.start("--host", EVERYWHERE, "--port", "0", *words)
    made.end()


def from_outside(tls_monitor: MonitorProcess) -> str:
    """Its URL as another machine has it."""
    return f"https://{own_address()}:{tls_monitor.url.rpartition(':')[2]}"


def test_monitor_over_tls_serves_remote_agent_with_token(
    tls_monitor: MonitorProcess, authority: Certificate
) -> None:
    url = from_outside(tls_monitor)
    session = requests.Session()
    session.trust_env = False
    session.verify = str(authority.cert_file)
    assert session.post(f"{url}/api/systemagents/heartbeat/", json=BEAT, timeout=10).status_code == 401
    session.headers["Authorization"] = f"Token {TOKEN}"
    assert session.post(f"{url}/api/systemagents/heartbeat/", json=BEAT, timeout=10).json()["status"] == "OK"
    assert session.post(f"{url}/api/state/next-run-number/", timeout=10).json()["run_number"] == 100_010
    with session.get(f"{url}/api/messages/stream/", stream=True, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == b"event: connected"
        message = {"msg_type": "hello", "namespace": "far", "message_content": {"text": "over tls"}}
        assert session.post(f"{url}/api/workflow-messages/", json=message, timeout=10).status_code == 201
        data = next(line for line in lines if b"over tls" in line)
        assert json.loads(data.partition(b": ")[2])["namespace"] == "far"
    assert tls_monitor.stop() == 0


def test_monitor_over_tls_refuses_without_token_and_plain_text(
    tls_monitor: MonitorProcess, authority: Certificate
) -> None:
    url, trusted = from_outside(tls_monitor), str(authority.cert_file)
    for header in ({}, {"Authorization": "Token wrong"}, {"Authorization": TOKEN}, {"Host": "127.0.0.1"}):
        for path in ("/api/runs/", "/api/logs/", "/metrics", "/api/openapi.json", "/api/messages/stream/"):
            answer = requests.get(url + path, headers=header, verify=trusted, timeout=10)
            assert answer.status_code == 401, (header, path)
            assert TOKEN not in answer.text
    log = {"app_name": "a", "instance_name": "b", "message": "agents log without a token"}
    assert requests.post(f"{url}/api/logs/", json=log, verify=trusted, timeout=10).status_code == 201
    assert requests.get(f"{url}/healthz", verify=trusted, timeout=10).json() == {"status": "ok"}
    with pytest.raises(requests.ConnectionError):
        requests.get(url.replace("https", "http") + "/healthz", timeout=10)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{url}/healthz", timeout=10)


@pytest.mark.parametrize("lacks", ["token", "certificate", "both"])
def test_monitor_other_address_without_token_or_certificate_is_refused(
    tmp_path: Path, certificate: Certificate, lacks: str
) -> None:
    made = MonitorProcess(tmp_path, **({"SWF_API_TOKEN": TOKEN} if lacks == "certificate" else {}))
    words = ["--tls-cert", str(certificate.cert_file), "--tls-key", str(certificate.key_file)]
    command = [sys.executable, "-m", "swf_console", "monitor", "--host", own_address(), "--port", "0"]
    if own_address() == "127.0.0.1":
        command[5] = EVERYWHERE
    done = run([*command, *(words if lacks == "token" else [])], cwd=made.home, environment=made.environment)
    assert done.returncode == 2
    assert "is reachable from other machines" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (made.state_dir / "monitor.json").exists()
