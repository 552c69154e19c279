"""The live stream under a hundred clients, and what it costs the agents beside it."""

import asyncio
import json
import re
import time

from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.message import make

from .harness import Row, median, percentile, shown
from .http_load import Client, Taken, close, connected
from .monitor import RUN, Serving, a_slice, monitor, samples
from .stage import Stage

TITLE = "The live stream: messages over the embedded broker, stored in SQLite, then told to all"
STREAMS, RATE, P99, SLOWED = 100, 200, 0.250, 1.5
AGENTS = 5
TOPIC = "/topic/epictopic"
_SENT = re.compile(rb'"stamp":([0-9.]+)')


def rows(stage: Stage) -> list[Row]:
    """What is heard, how late, and an agent's report beside it."""
    with stage.embedded_home() as home, monitor(home) as serving:
        return _rows(stage, serving)


def _rows(stage: Stage, serving: Serving) -> list[Row]:
    seconds = stage.amount(15, 2)
    quiet = asyncio.run(_agents_alone(serving, seconds))
    heard, busy = asyncio.run(_agents_beside_streams(serving, seconds))
    late = percentile(heard, 0.99) if heard else 0.0
    expected = STREAMS * RATE * seconds
    ratio = median(busy.each) / median(quiet.each)
    what = f"{STREAMS} streams, {RATE} messages/s"
    return [
        Row(
            f"{what}: events heard of {expected:,}",
            f"{len(heard):,}",
            target="all",
            ok=len(heard) == expected,
        ),
        Row(
            f"{what}: from sending to hearing, p99",
            shown(late, "s"),
            target=f"< {shown(P99, 's')}",
            ok=late < P99,
        ),
        Row(
            f"{what}: a slice posted beside them and alone",
            shown(median(busy.each), "s"),
            shown(median(quiet.each), "s"),
            ratio,
            f"<= {SLOWED:g} x",
            ratio <= SLOWED,
        ),
    ]


async def _agents_alone(serving: Serving, seconds: float) -> Taken:
    """Slices posted by a few agents, twenty times a second by each."""
    clients = await connected(serving.url, AGENTS)
    names = await samples(clients[0])
    first = int(time.time() * 1000) % 1_000_000_000
    taken = Taken()
    began = time.perf_counter()
    for tick in range(int(seconds * 20)):
        await asyncio.sleep(max(0.0, began + tick / 20 - time.perf_counter()))
        for number, client in enumerate(clients):
            sent = time.perf_counter()
            await client.ask("POST", "/tf-slices/", a_slice(names, first + tick * AGENTS + number))
            taken.each.append(time.perf_counter() - sent)
    taken.wall = time.perf_counter() - began
    close(clients)
    return taken


async def _agents_beside_streams(serving: Serving, seconds: int) -> tuple[list[float], Taken]:
    clients = await connected(serving.url, STREAMS)
    heard: list[float] = []
    expected = STREAMS * RATE * seconds
    following = [asyncio.create_task(_follow(client, heard)) for client in clients]
    while await _followers(serving) < STREAMS:
        await asyncio.sleep(0.05)
    sending = asyncio.create_task(asyncio.to_thread(_send, serving, seconds))
    busy = await _agents_alone(serving, seconds)
    await sending
    with_patience = time.perf_counter() + 10
    while len(heard) < expected and time.perf_counter() < with_patience:
        await asyncio.sleep(0.05)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    close(clients)
    return heard, busy


async def _follow(client: Client, heard: list[float]) -> None:
    rest = b""

    def take(chunk: bytes) -> None:
        nonlocal rest
        now = time.time()
        whole, _, rest = (rest + chunk).rpartition(b"\n\n")
        heard.extend(now - float(sent) for sent in _SENT.findall(whole))

    await client.follow("/messages/stream/?msg_types=stf_gen", take)


async def _followers(serving: Serving) -> int:
    client = await Client.to(serving.url)
    told = json.loads(await client.ask("GET", "/messages/stream/status/"))
    client.close()
    return int(told["connected_clients"])


def _send(serving: Serving, seconds: int) -> None:
    """Messages over the broker, each stamped with the time at which it was due."""
    connection = StompConnection(serving.home.broker)
    connection.start()
    session = connection.wait_up(10)
    began = time.time()
    for number in range(seconds * RATE):
        due = began + number / RATE
        time.sleep(max(0.0, due - time.time()))
        content = {"msg_type": "stf_gen", "namespace": "bench", "run_id": str(RUN), "sequence": number}
        connection.send(session, [make(TOPIC, {**content, "sender": "bench", "stamp": time.time()})])
    connection.stop()
