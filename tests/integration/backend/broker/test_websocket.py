"""STOMP over WebSocket: stompjs in a browser, the frames themselves, and who may connect."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import pytest
from playwright.sync_api import Browser

from swf_console.backend.broker.address import BrokerAddress, read_address
from tests.conftest import running
from tests.support.browser import chromium
from tests.support.homes import CHECKOUT
from tests.support.stomp_socket import StompSocket, encode
from tests.support.waiting import wait_for

STOMPJS = CHECKOUT / "tests/support/stompjs/stomp.umd.min.js"
PAGE = """
<script src="/stomp.js"></script>
<script>
const seen = window.seen = [];
const client = window.client = new StompJs.Client({
  brokerURL: "%(url)s",
  connectHeaders: {login: "%(user)s", passcode: "%(password)s"},
  heartbeatIncoming: 1000, heartbeatOutgoing: 1000, reconnectDelay: 0,
  splitLargeFrames: true,
  onConnect: frame => {
    seen.push(["connected", frame.headers.version]);
    client.subscribe("/queue/page", message => {
      seen.push(["message", message.body.length, message.body.slice(0, 40), message.headers.odd]);
      message.ack();
      if (seen.filter(one => one[0] === "message").length === 3) {
        client.unsubscribe("one");
        client.publish({destination: "FLY"});
      }
    }, {id: "one", ack: "client-individual"});
    const transaction = client.begin();
    const inside = {transaction: transaction.id};
    const odd = {...inside, odd: "a:b"};
    client.publish({destination: "/queue/page", body: "grüß: \\n", headers: odd});
    client.publish({destination: "/queue/page", body: "x".repeat(600000), headers: inside});
    transaction.commit();
    client.watchForReceipt("sent", () => seen.push(["receipt"]));
    const confirmed = {receipt: "sent", persistent: "true"};
    client.publish({destination: "/queue/page", body: "last", headers: confirmed});
  },
  onStompError: frame => seen.push(["error", frame.headers.message]),
  onWebSocketClose: event => seen.push(["closed", event.code]),
});
client.activate();
</script>
"""


@dataclass(frozen=True)
class Broker:
    """A broker that `swf-console broker --websocket 0` runs."""

    address: BrokerAddress
    url: str


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder: Path = tmp_path_factory.mktemp("websocket")
    log = folder / "log"
    command = [sys.executable, "-m", "swf_console", "broker", "--websocket", "0"]
    environ = os.environ | {"SWF_STATE_DIR": str(folder)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    wait_for(lambda: "listening" in log.read_text() or process.poll() is not None)
    found = re.search('websocket="(ws://127.0.0.1:[0-9]+/)"', log.read_text())
    assert found, log.read_text()
    address = read_address(folder)
    assert address is not None
    yield Broker(address, found[1])
    process.terminate()
    assert process.wait(5) == 0
    assert " ERROR " not in log.read_text()
    assert "Traceback" not in log.read_text()


def connect_frame(broker: Broker, **headers: object) -> str:
    given = {"accept-version": "1.2", "host": "localhost", "login": broker.address.user}
    return encode("CONNECT", given | {"passcode": broker.address.password} | headers, b"", False).decode()


Socket = aiohttp.ClientWebSocketResponse


@asynccontextmanager
async def opened(broker: Broker, *protocols: str, **headers: str) -> AsyncIterator[Socket]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            broker.url, protocols=protocols, headers=headers, timeout=aiohttp.ClientWSTimeout(ws_close=5)
        ) as socket,
    ):
        yield socket


def run(talk: Callable[[], Awaitable[None]]) -> None:
    """Run a conversation to its end."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await talk()

    asyncio.run(bounded())


@pytest.mark.parametrize("protocol", ["v10.stomp", "v11.stomp", "v12.stomp"])
def test_websocket_subprotocol_of_stomp_is_accepted(broker: Broker, protocol: str) -> None:
    async def talk() -> None:
        async with opened(broker, "other", protocol) as socket:
            assert socket.protocol == protocol
            await socket.send_str(connect_frame(broker))
            answer = await socket.receive_str()
            assert answer.startswith("CONNECTED\n")
            assert answer.endswith("\0")

    run(talk)


def test_websocket_frames_cross_to_a_tcp_client(broker: Broker) -> None:
    async def talk() -> None:
        async with opened(broker, "v12.stomp") as socket:
            await socket.send_str(connect_frame(broker))
            await socket.receive_str()
            await socket.send_str("SUBSCRIBE\nid:1\ndestination:/topic/both\nreceipt:1\n\n\0")
            assert (await socket.receive_str()).startswith("RECEIPT\nreceipt-id:1\n")
            with StompSocket(broker.address.host, broker.address.port) as client:
                client.connect(broker.address.user, broker.address.password)
                client.subscribe("/topic/both")
                client.send("/topic/both", "to the page")
                assert (await socket.receive_str()).endswith("\n\nto the page\0")
                assert client.message().text == "to the page"
                await socket.send_str("SEND\ndestination:/topic/both\n\nto the program\0")
                assert client.message().text == "to the program"
                client.send("/topic/both", b"\xff\xfe")
                await socket.receive_str()
                assert (await socket.receive_bytes()).endswith(b"\xff\xfe\0")

    run(talk)


def test_websocket_frame_in_several_messages_is_one_frame(broker: Broker) -> None:
    async def talk() -> None:
        async with opened(broker) as socket:
            for character in connect_frame(broker):
                await socket.send_str(character)
            assert (await socket.receive_str()).startswith("CONNECTED\n")
            await socket.send_bytes(b"SEND\ndestination:/topic/a\nreceipt:1\ncontent-length:3\n\n\0")
            await socket.send_bytes(b"\0\0\0")
            assert (await socket.receive_str()).startswith("RECEIPT\n")

    run(talk)


def test_websocket_heartbeats_are_messages_of_a_line_feed(broker: Broker) -> None:
    async def talk() -> None:
        async with opened(broker) as socket:
            await socket.send_str(connect_frame(broker, **{"heart-beat": "0,200"}))
            await socket.receive_str()
            assert [await socket.receive_str() for _ in range(3)] == ["\n"] * 3

    run(talk)


@pytest.mark.parametrize("frame", ["SEND\ndestination:/topic/a\n\n\0", "FLY\n\n\0", "x" * 1000])
def test_websocket_error_closes(broker: Broker, frame: str) -> None:
    async def talk() -> None:
        async with opened(broker) as socket:
            await socket.send_str(frame)
            assert (await socket.receive_str()).startswith("ERROR\n")
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE

    run(talk)


def test_websocket_client_that_closes_gives_its_client_id_back(broker: Broker) -> None:
    async def talk() -> None:
        for _ in range(20):
            async with opened(broker) as socket:
                await socket.send_str(connect_frame(broker, **{"client-id": "me"}))
                assert (await socket.receive_str()).startswith("CONNECTED\n")

    run(talk)


def test_websocket_client_that_does_not_read_is_bounded(broker: Broker) -> None:
    async def talk() -> None:
        async with opened(broker) as socket:
            await socket.send_str(connect_frame(broker))
            await socket.receive_str()
            await socket.send_str("SUBSCRIBE\nid:1\ndestination:/queue/full\nack:auto\nreceipt:1\n\n\0")
            await socket.receive_str()
            with StompSocket(broker.address.host, broker.address.port, timeout=20) as client:
                client.connect(broker.address.user, broker.address.password)
                for number in range(300):
                    client.send("/queue/full", f"{number} " + "x" * 50_000)
                assert client.put("/topic/a").command == "RECEIPT"
            received = [(await socket.receive_str()).split("\n\n")[1].split(" ")[0] for _ in range(1)]
            text = ""
            while text.count("\0") < 299:
                text += await socket.receive_str()
            received += [frame.split("\n\n", 1)[1].split(" ")[0] for frame in text.split("\0")[:-1]]
            assert received == [str(number) for number in range(300)]

    run(talk)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example:80"},
        {"Origin": "http://127.0.0.1.evil.example"},
    ],
)
def test_websocket_of_a_foreign_page_is_refused(broker: Broker, headers: dict[str, str]) -> None:
    async def talk() -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with opened(broker, **headers):
                pass
        assert caught.value.status == 403

    run(talk)


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8000"])
def test_websocket_of_a_page_on_this_machine_is_accepted(broker: Broker, origin: str) -> None:
    async def talk() -> None:
        async with opened(broker, Origin=origin) as socket:
            await socket.send_str(connect_frame(broker))
            assert (await socket.receive_str()).startswith("CONNECTED\n")

    run(talk)


def test_websocket_port_answers_plain_http(broker: Broker) -> None:
    async def talk() -> None:
        async with aiohttp.ClientSession() as session, session.get(broker.url.replace("ws:", "http:")) as got:
            assert got.status == 426
            assert "WebSocket" in await got.text()

    run(talk)


def test_websocket_wrong_password_is_refused(broker: Broker) -> None:
    async def talk() -> None:
        async with opened(broker) as socket:
            await socket.send_str(connect_frame(broker, passcode="wrong"))
            assert (await socket.receive_str()).startswith("ERROR\n")

    run(talk)


def test_websocket_port_out_of_range_is_one_clear_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "swf_console", "broker", "--websocket", "70000"]
    environ = os.environ | {"SWF_STATE_DIR": str(tmp_path)}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert "--websocket 70000" in done.stderr


@pytest.fixture
def browser() -> Iterator[Browser]:
    yield from running(chromium())


@contextmanager
def _served(folder: Path, page: str) -> Iterator[str]:
    """A page with stompjs, served to this machine: a browser lets no page from elsewhere reach loopback."""
    (folder / "index.html").write_text(f'<meta charset="utf-8">{page}')
    shutil.copy(STOMPJS, folder / "stomp.js")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SilentFiles, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class SilentFiles(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name is the library's)
        pass


def test_websocket_stompjs_in_a_browser(broker: Broker, browser: Browser, tmp_path: Path) -> None:
    page_text = PAGE % {
        "url": broker.url,
        "user": broker.address.user,
        "password": broker.address.password,
    }
    with _served(tmp_path, page_text) as url:
        page = browser.new_page()
        page.goto(url)
        page.wait_for_function("seen.some(one => one[0] === 'closed')", timeout=20_000)
        seen = json.loads(page.evaluate("JSON.stringify(seen)"))
    assert seen[0] == ["connected", "1.2"]
    assert [one for one in seen if one[0] == "message"] == [
        ["message", 7, "grüß: \n", "a:b"],
        ["message", 600_000, "x" * 40, None],
        ["message", 4, "last", None],
    ]
    assert ["receipt"] in seen
    assert seen[-2][0] == "error"
    assert "FLY" in seen[-2][1]
    assert seen[-1][0] == "closed"
