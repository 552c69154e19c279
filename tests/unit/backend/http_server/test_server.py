"""Allowed hosts, the monitor's address file, and `env`."""

import os
import socket
from pathlib import Path

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.http_server.address import (
    MonitorAddress,
    forget_address,
    read_address,
    write_address,
)
from swf_console.backend.http_server.server import Listening, bound_socket, check_host
from tests.support.command_line import CommandLine

CERTIFICATE = Path("certificate.pem")
EVERYWHERE = "0.0.0.0"  # noqa: S104 (refused, or never bound)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_check_host_loopback_needs_nothing(host: str) -> None:
    check_host(Listening(host), None)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.7"])
def test_check_host_other_address_needs_token_and_certificate(host: str) -> None:
    for token, certificate, lacks in (
        (None, None, "token"),
        ("t", None, "--tls-cert"),
        (None, CERTIFICATE, "token"),
    ):
        with pytest.raises(UsageError, match=lacks):
            check_host(Listening(host, certificate=certificate), token)
    check_host(Listening(host, certificate=CERTIFICATE), "t")


def test_monitor_invalid_options_open_no_database(console: CommandLine) -> None:
    for words in (
        ["--host", EVERYWHERE],
        ["--port", "70000"],
        ["--tls-cert", "nothing.pem"],
        ["--tls-cert", "nothing.pem", "--tls-key", "nothing.pem"],
    ):
        said = console("monitor", *words)
        assert said.code == 2
        assert len(said.err.splitlines()) == 1
    assert not (console.settings.state_dir / "swf.db").exists()


def test_bound_socket_has_no_delay_and_user_timeout() -> None:
    with bound_socket(Listening(port=0)) as bound:
        assert bound.proto == socket.IPPROTO_TCP  # what asyncio asks before it sets TCP_NODELAY
        assert bound.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


@pytest.mark.parametrize("command", [["monitor"], ["mcp", "--http"], ["serve", "--namespace", "demo"]])
def test_bound_socket_port_in_use_is_named(
    console: CommandLine, silent_port: int, command: list[str]
) -> None:
    said = console(*command, "--port", str(silent_port))
    assert said.code == 2
    assert str(silent_port) in said.err


def test_monitor_address_is_private_and_forgotten_by_process(tmp_path: Path) -> None:
    address = MonitorAddress(False, "127.0.0.1", 8002, os.getpid())
    write_address(tmp_path, address)
    assert (tmp_path / "monitor.json").stat().st_mode & 0o777 == 0o600
    assert read_address(tmp_path) == address
    forget_address(tmp_path, 1)
    assert read_address(tmp_path) == address
    forget_address(tmp_path, os.getpid())
    assert read_address(tmp_path) is None


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (MonitorAddress(False, "127.0.0.1", 8002, 1), "http://127.0.0.1:8002"),
        (MonitorAddress(True, EVERYWHERE, 443, 1), "https://127.0.0.1:443"),
        (MonitorAddress(False, "::1", 1, 1), "http://[::1]:1"),
    ],
)
def test_monitor_address_url_is_reachable_locally(address: MonitorAddress, url: str) -> None:
    assert address.url == url


def test_env_exports_broker_monitor_and_configuration(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIVEMQ_HOST", "broker.example")
    monkeypatch.setenv("ACTIVEMQ_USER", "it's me")
    monkeypatch.setenv("ACTIVEMQ_PASSWORD", "$(reboot) `x`")
    monkeypatch.setenv("SWF_API_TOKEN", "a token")
    write_address(console.settings.state_dir, MonitorAddress(False, "127.0.0.1", 8123, os.getpid()))
    said = console("env")
    assert said.code == 0
    lines = said.out.splitlines()
    assert all(line.startswith("export ") for line in lines)
    assert """export ACTIVEMQ_USER='it'"'"'s me'""" in lines
    assert "export ACTIVEMQ_PASSWORD='$(reboot) `x`'" in lines
    assert "export ACTIVEMQ_PORT=61612" in lines
    assert "export SWF_MONITOR_URL=http://127.0.0.1:8123" in lines
    assert "export SWF_MONITOR_HTTP_URL=http://127.0.0.1:8123" in lines
    assert "export SWF_API_TOKEN='a token'" in lines
    assert f"export SWF_TESTBED_CONFIG={console.home / 'workflows' / 'testbed.toml'}" in lines


def test_env_names_monitor_not_running(console: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert console("env").code == 3
    monkeypatch.setenv("ACTIVEMQ_HOST", "broker.example")
    said = console("env")
    assert "export SWF_MONITOR_URL=http://127.0.0.1:8002" in said.out
    assert "swf-console monitor" in said.err
