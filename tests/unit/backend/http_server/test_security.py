"""Access to the servers: token, loopback, origin."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from swf_console.backend.http_server.security import AuthMiddleware
from tests.support.monitor import Monitor, monitor_in

TOKEN = "a-token-of-some-length"
LOG = {"app_name": "a", "instance_name": "b", "level": 20, "levelname": "INFO", "message": "m"}


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Monitor]:
    with monitor_in(tmp_path, TOKEN) as found:
        yield found


@pytest.fixture
def unsecured(tmp_path: Path) -> Iterator[Monitor]:
    with monitor_in(tmp_path) as found:
        yield found


@pytest.mark.parametrize("header", [f"Token {TOKEN}", f"token {TOKEN}", f"Bearer {TOKEN}"])
def test_auth_right_token_is_served(secured: Monitor, header: str) -> None:
    assert secured.ask("GET", "/api/runs/", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("header", [None, "", "Token", "Token wrong", TOKEN, f"Basic {TOKEN}", "Token é"])
def test_auth_wrong_token_is_401(secured: Monitor, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    for path in ("/api/runs/", "/api/nothing/", "/metrics", "/api/messages/stream/", "/api/openapi.json"):
        answer = secured.ask("GET", path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["detail"]
        assert TOKEN not in answer.text


def test_auth_logs_post_needs_no_token_and_get_needs_one(secured: Monitor) -> None:
    far = ("192.0.2.7", 9)
    assert secured.ask("POST", "/api/logs/", json=LOG, client=far).status_code == 201
    assert secured.ask("GET", "/api/logs/", client=far).status_code == 401
    assert secured.ask("GET", "/api/logs/", headers={"Authorization": f"Token {TOKEN}"}).status_code == 200


def test_auth_without_public_paths_all_need_token() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError(f"{scope['path']} was passed on")

    async def ask(method: str, path: str) -> int:
        transport = httpx.ASGITransport(AuthMiddleware(app, TOKEN))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return (await http.request(method, path)).status_code

    for method, path in (("GET", "/healthz"), ("POST", "/api/logs"), ("GET", "/")):
        assert asyncio.run(ask(method, path)) == 401


def test_auth_health_needs_no_token(secured: Monitor) -> None:
    assert secured.ask("GET", "/healthz").json() == {"status": "ok"}
    assert secured.ask("GET", "/readyz").status_code == 503  # no broker here


def test_auth_without_token_serves_only_loopback(unsecured: Monitor) -> None:
    assert unsecured.ask("GET", "/api/runs/").status_code == 200
    assert unsecured.ask("GET", "/api/runs/", client=("::1", 9)).status_code == 200
    assert unsecured.ask("GET", "/api/runs/", client=("192.0.2.7", 9)).status_code == 401


@pytest.mark.parametrize("host", ["localhost:8002", "127.0.0.1", "[::1]:8002", "127.0.0.1:1"])
def test_auth_loopback_host_is_served(unsecured: Monitor, host: str) -> None:
    assert unsecured.ask("GET", "/api/runs/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:8002",
        "",
        "localhost.evil",
        "localhost:x@evil.example",
        "localhost@evil.example",
        "user@localhost",
        "localhost:8002:1",
        "localhost:",
        "[::1",
    ],
)
def test_auth_foreign_host_is_refused(unsecured: Monitor, host: str) -> None:
    assert unsecured.ask("GET", "/api/runs/", headers={"Host": host}).status_code == 401


def test_auth_foreign_origin_is_refused(unsecured: Monitor) -> None:
    answer = unsecured.ask("POST", "/api/logs/", json=LOG, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert unsecured.ask("GET", "/api/runs/", headers={"Origin": "http://127.0.0.1"}).status_code == 200
