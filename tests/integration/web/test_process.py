"""The console served to browsers: access, loaded resources, processes that remain."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from swf_console.backend.services.home import write_home
from tests.support.certificates import make_authority, make_certificate
from tests.support.processes.web_console import SECONDS, WebConsoleProcess, wait_ended
from tests.support.waiting import wait_for

ELSEWHERE = {"Origin": "http://elsewhere.example"}
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
Talk = Callable[[aiohttp.ClientWebSocketResponse], Awaitable[None]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose namespace is demo."""
    write_home(tmp_path)
    testbed = tmp_path / "workflows/testbed.toml"
    testbed.write_text(testbed.read_text().replace("your-namespace", "demo"))
    return tmp_path


@pytest.fixture
def served(home: Path) -> Iterator[WebConsoleProcess]:
    """It, served to this machine."""
    with WebConsoleProcess(home) as made:
        yield made


def tab(served: WebConsoleProcess, talk: Talk) -> None:
    """Open a tab's websocket as a page of the server does, and talk over it."""

    async def opened() -> None:
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{served.address}ws?width=100&height=30", origin=served.site) as websocket,
        ):
            await talk(websocket)

    asyncio.run(opened())


async def painted(websocket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    """Return once that has been painted."""
    seen = b""
    while text.encode() not in seen:
        seen += await asyncio.wait_for(websocket.receive_bytes(), SECONDS)


def test_web_page_loads_only_from_own_server(served: WebConsoleProcess) -> None:
    answer = httpx.get(served.address)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"|url\("(/[^"]+)"\)', answer.text)
    assert len(loaded) == 5
    for link, font in loaded:
        part = httpx.get(served.site + (link or font))
        assert (part.status_code, part.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert not re.findall(r"https?://", answer.text)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:9000"}, 200),
        ({"Host": "elsewhere.example"}, 403),
        ({"Host": "127.0.0.1.elsewhere.example:8004"}, 403),
        (ELSEWHERE, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_web_foreign_host_or_origin_is_refused(
    served: WebConsoleProcess, headers: dict[str, str], status: int
) -> None:
    assert httpx.get(served.address, headers=headers).status_code == status


@pytest.mark.parametrize("origin", [{}, ELSEWHERE, {"Origin": "http://127.0.0.1:1"}])
def test_web_websocket_without_own_origin_is_refused(
    served: WebConsoleProcess, origin: dict[str, str]
) -> None:
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    answer = httpx.get(f"{served.address}ws", headers=UPGRADE | key | origin)
    assert answer.status_code == 403
    assert served.consoles() == []


def test_web_without_key_serves_only_login(served: WebConsoleProcess) -> None:
    outside = httpx.get(f"{served.site}/")
    assert "Open the complete address" in outside.text
    assert served.key not in outside.text
    for path in ("/ws", "/static/js/textual.js", f"/{served.key[:-1]}/", "/x/ws"):
        assert httpx.get(served.site + path).status_code == 404
    assert httpx.post(f"{served.site}/", data={"token": ""}).status_code == 403


def test_web_login_token_redirects_to_console(home: Path) -> None:
    with WebConsoleProcess(home, SWF_API_TOKEN="a secret") as served:
        assert 'type="password"' in httpx.get(f"{served.site}/").text
        wrong = httpx.post(f"{served.site}/", data={"token": "a guess"})
        assert (wrong.status_code, "Wrong token" in wrong.text) == (403, True)
        right = httpx.post(f"{served.site}/", data={"token": "a secret"}, headers={"Origin": served.site})
        assert (right.status_code, right.headers["Location"]) == (303, f"/{served.key}/")
        assert "a secret" not in served.output()


def test_web_closed_tab_ends_console(served: WebConsoleProcess) -> None:
    consoles: list[int] = []

    async def look(websocket: aiohttp.ClientWebSocketResponse) -> None:
        await painted(websocket, "OVERVIEW")
        consoles.extend(served.consoles())
        await websocket.send_json(["stdin", "3"])
        await painted(websocket, "MESSAGES")

    tab(served, look)
    assert consoles
    wait_for(lambda: served.consoles() == [], SECONDS)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_web_stopped_server_ends_console(served: WebConsoleProcess, how: str) -> None:
    consoles: list[int] = []

    async def look(websocket: aiohttp.ClientWebSocketResponse) -> None:
        await painted(websocket, "OVERVIEW")
        consoles.extend(served.consoles())
        code = await asyncio.to_thread(getattr(served, how))
        assert code in (0, None)

    tab(served, look)
    assert consoles
    wait_ended(consoles)


def test_web_left_console_closes_websocket(served: WebConsoleProcess) -> None:
    async def leave(websocket: aiohttp.ClientWebSocketResponse) -> None:
        await painted(websocket, "OVERVIEW")
        await websocket.send_json(["stdin", "q"])
        await painted(websocket, "Quit the console?")
        await websocket.send_json(["stdin", "q"])
        async with asyncio.timeout(SECONDS):
            async for _ in websocket:
                pass
        assert websocket.closed

    tab(served, leave)
    wait_for(lambda: served.consoles() == [], SECONDS)


def test_web_over_tls_with_token_serves_other_machines(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    authority = make_authority(folder)
    pair = make_certificate(folder, "server", authority)
    words = ("--host", "0.0.0.0", "--tls-cert", str(pair.cert_file), "--tls-key", str(pair.key_file))  # noqa: S104
    with WebConsoleProcess(home, *words, SWF_API_TOKEN="a secret") as served:
        port = served.site.rpartition(":")[2]
        here = f"https://127.0.0.1:{port}"
        with httpx.Client(verify=ssl.create_default_context(cafile=authority.cert_file)) as client:
            page = client.get(f"{here}/{served.key}/")
            assert f"wss://127.0.0.1:{port}/{served.key}/ws" in page.text
            assert client.get(f"{here}/", headers=ELSEWHERE).status_code == 403
