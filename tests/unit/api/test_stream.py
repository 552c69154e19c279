"""The live stream: filters, order, replay, slow clients, heartbeats."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from swf_console.api.stream import broadcaster as broadcaster_module
from swf_console.api.stream import endpoint as stream_module
from swf_console.api.stream.broadcaster import Broadcaster
from swf_console.api.stream.events import EventFilter, event_of
from swf_console.backend.database import messages
from swf_console.backend.database.records.messages import NewMessage
from tests.support.monitor import Monitor

START = datetime(2026, 1, 1, tzinfo=UTC)


def message(number: int, msg_type: str = "stf_gen", **more: Any) -> NewMessage:
    return NewMessage(
        message_id=str(uuid.UUID(int=number)),
        message_type=msg_type,
        sent_at=START + timedelta(seconds=number),
        content={"msg_type": msg_type, "number": number},
        **more,
    )


class Listener:
    """One client of the application, within a running loop."""

    def __init__(
        self, monitor: Monitor, query: str = "", last: str | None = None, *, slow: bool = False
    ) -> None:
        headers = [(b"host", b"localhost")] + ([(b"last-event-id", last.encode())] if last else [])
        self._scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/messages/stream/",
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        self._monitor, self._slow = monitor, slow
        self._gone, self._received = asyncio.Event(), asyncio.Event()
        self.status = 0
        self.text = ""

    async def run(self) -> None:
        """Follow until it is ended."""
        app: Callable[..., Awaitable[None]] = self._monitor.app
        await app(self._scope, self._receive, self._send)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until the condition holds; it is checked when something has been received."""
        async with asyncio.timeout(30):
            while not condition():
                self._received.clear()
                await self._received.wait()

    async def connected(self) -> None:
        """Wait until the stream has this client."""
        await self.until(lambda: "event: connected" in self.text)

    def go(self) -> None:
        """Disconnect."""
        self._gone.set()

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Name and data of what has come."""
        found = []
        for block in self.text.split("\n\n")[:-1]:
            lines = dict(line.split(": ", 1) for line in block.splitlines())
            found.append((lines["event"], json.loads(lines["data"])))
        return found

    @property
    def numbers(self) -> list[int]:
        """The messages that have come."""
        return [data["number"] for name, data in self.events if "number" in data]

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, part: dict[str, Any]) -> None:
        self.status = part.get("status", self.status)
        if self._slow and "connected" in self.text:
            await asyncio.Event().wait()
        self.text += part.get("body", b"").decode()
        self._received.set()


def follow(monitor: Monitor, query: str, published: list[NewMessage], last: str | None = None) -> Listener:
    """What a client gets of messages that are published while it follows."""

    async def scene() -> Listener:
        monitor.broadcaster.start()
        listener = Listener(monitor, query, last)
        task = asyncio.create_task(listener.run())
        await listener.connected()
        monitor.broadcaster.publish([*published, message(9999, "the_end")])
        await listener.until(lambda: "the_end" in listener.text)
        listener.go()
        await task
        assert not monitor.broadcaster.clients
        return listener

    return asyncio.run(scene())


def test_stream_client_gets_connected_event_and_messages(monitor: Monitor) -> None:
    new = message(1, sender_agent="daq", namespace="epic", queue_name="/topic/epictopic")
    listener = follow(monitor, "", [new])
    (connected, greeting), (name, data), _ = listener.events
    assert (listener.status, connected, greeting["status"]) == (200, "connected", "connected")
    assert uuid.UUID(greeting["client_id"])
    assert name == "stf_gen"
    assert data == {
        "msg_type": "stf_gen",
        "number": 1,
        "sender_agent": "daq",
        "namespace": "epic",
        "queue_name": "/topic/epictopic",
        "sent_at": "2026-01-01T00:00:01Z",
    }


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4]),
        ("msg_types=stf_gen,the_end", [1, 2, 3]),
        ("agents=daq,nobody", [1, 3]),
        ("run_ids=7", [2]),
        ("namespace=epic", [1]),
        ("execution_id=x-1", [3]),
        ("agents=daq&namespace=epic", [1]),
        ("colour=green", [1, 2, 3, 4]),
    ],
)
def test_stream_several_filters_must_all_match(monitor: Monitor, query: str, numbers: list[int]) -> None:
    some = [
        message(1, sender_agent="daq", namespace="epic"),
        message(2, run_id="7"),
        message(3, sender_agent="daq", execution_id="x-1"),
        message(4, "run_imminent"),
    ]

    async def scene() -> list[int]:
        monitor.broadcaster.start()
        chosen, all_of_them = Listener(monitor, query), Listener(monitor)
        tasks = [asyncio.create_task(each.run()) for each in (chosen, all_of_them)]
        for each in (chosen, all_of_them):
            await each.connected()
        monitor.broadcaster.publish(some)
        await all_of_them.until(lambda: len(all_of_them.numbers) == 4)
        await chosen.until(lambda: len(chosen.numbers) == len(numbers))
        for each in (chosen, all_of_them):
            each.go()
        await asyncio.gather(*tasks)
        return chosen.numbers

    assert asyncio.run(scene()) == numbers


def test_stream_repeated_message_is_sent_once(monitor: Monitor) -> None:
    assert follow(monitor, "", [message(1), message(1), message(2)]).numbers == [1, 2, 9999]


def test_stream_last_event_id_replays_from_memory(monitor: Monitor) -> None:
    follow(monitor, "", [message(number) for number in (1, 2, 3)])
    last = message(2).message_id
    again = follow(monitor, "", [message(4, "the_end")], last)
    assert again.numbers == [3, 9999, 4]


def test_stream_last_event_id_replays_from_database(monitor: Monitor) -> None:
    stored = [message(number, namespace="epic" if number % 2 else None) for number in range(1, 1201)]
    with monitor.database.write() as connection:
        messages.record(connection, stored)
    listener = follow(monitor, "", [message(1200), message(1201)], message(10).message_id)
    assert listener.numbers == [*range(11, 1202), 9999]
    narrow = "namespace=epic&msg_types=stf_gen"

    async def scene() -> list[int]:
        listener = Listener(monitor, narrow, message(1190).message_id)
        task = asyncio.create_task(listener.run())
        await listener.until(lambda: len(listener.numbers) == 5)
        listener.go()
        await task
        return listener.numbers

    monitor.broadcaster._recent.clear()
    assert asyncio.run(scene()) == [1191, 1193, 1195, 1197, 1199]


def test_stream_unknown_last_event_id_replays_nothing(monitor: Monitor) -> None:
    for last in ("nonsense", str(uuid.UUID(int=77))):
        monitor.broadcaster._recent.clear()
        assert follow(monitor, "", [message(1)], last).numbers == [1, 9999]


def test_stream_slow_client_is_cut_off(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcaster_module, "QUEUED", 5)

    async def scene() -> None:
        monitor.broadcaster.start()
        slow, quick = Listener(monitor, slow=True), Listener(monitor)
        tasks = [asyncio.create_task(each.run()) for each in (slow, quick)]
        for each in (slow, quick):
            await each.connected()
        for number in range(20):
            monitor.broadcaster.publish([message(number)])
            await quick.until(lambda: number in quick.numbers)  # noqa: B023
        await tasks[0]
        assert quick.numbers == list(range(20))
        assert monitor.broadcaster.cut_off == 1
        assert len(monitor.broadcaster.clients) == 1
        quick.go()
        await tasks[1]

    asyncio.run(scene())


def test_stream_idle_client_gets_heartbeats(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT_SECONDS", 0.02)

    async def scene() -> None:
        monitor.broadcaster.start()
        listener = Listener(monitor)
        task = asyncio.create_task(listener.run())
        await listener.until(lambda: listener.text.count("event: heartbeat") >= 3)
        monitor.broadcaster.close()
        await task

    asyncio.run(scene())


def test_stream_status_lists_clients_and_filters(monitor: Monitor) -> None:
    async def scene() -> dict[str, Any]:
        listener = Listener(monitor, "msg_types=b,a&namespace=epic")
        task = asyncio.create_task(listener.run())
        await listener.connected()
        status = await asyncio.to_thread(monitor.get, "/messages/stream/status/")
        listener.go()
        await task
        assert isinstance(status, dict)
        return status

    status = asyncio.run(scene())
    (client,) = status["client_ids"]
    assert status["connected_clients"] == 1
    assert status["client_filters"][client] == {"msg_types": ["a", "b"], "namespace": "epic"}
    assert monitor.get("/messages/stream/status/")["connected_clients"] == 0


def test_stream_invalid_filter_is_refused(monitor: Monitor) -> None:
    answer = monitor.ask("GET", f"/api/messages/stream/?namespace={'x' * 200}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["namespace"]


def test_event_of_hostile_message_keeps_frame() -> None:
    new = message(1, "two\nlines: x\r\ndata: forged")
    event = event_of(new, "text\n\nevent: forged")
    lines = event.frame.decode().split("\n")
    assert lines[1] == "event: two_lines:_x_data:_forged"
    assert json.loads(lines[2].removeprefix("data: "))["content"] == "text\n\nevent: forged"
    assert lines[3:] == ["", ""]


def test_stream_posted_message_is_sent(monitor: Monitor) -> None:
    async def scene() -> list[str]:
        monitor.broadcaster.start()
        listener = Listener(monitor)
        task = asyncio.create_task(listener.run())
        await listener.connected()
        await asyncio.to_thread(monitor.post, "/workflow-messages/", {"msg_type": "sse_test"})
        await listener.until(lambda: "sse_test" in listener.text)
        listener.go()
        await task
        return [name for name, _ in listener.events]

    assert asyncio.run(scene()) == ["connected", "sse_test"]


def test_broadcaster_without_loop_publishes_nothing() -> None:
    broadcaster = Broadcaster()
    broadcaster.publish([message(1)])
    broadcaster.close_soon()
    assert EventFilter()(event_of(message(1), {}))


def test_event_of_number_that_json_does_not_have_is_null() -> None:
    event = event_of(message(1), json.loads('{"value": [NaN, Infinity, 1e400, 1.5]}'))
    data = event.frame.decode().partition("data: ")[2]
    assert json.loads(data, parse_constant=pytest.fail)["value"] == [None, None, None, 1.5]


def gaps_of(listener: Listener) -> list[dict[str, Any]]:
    return [data for name, data in listener.events if name == "gap"]


def test_stream_gap_of_the_recorder_reaches_every_client(monitor: Monitor) -> None:
    async def scene() -> list[dict[str, Any]]:
        monitor.broadcaster.start()
        listener = Listener(monitor, "namespace=epic")
        task = asyncio.create_task(listener.run())
        await listener.connected()
        monitor.broadcaster.gap(1234)
        monitor.broadcaster.gap(None)
        await listener.until(lambda: len(gaps_of(listener)) == 2)
        listener.go()
        await task
        return gaps_of(listener)

    found = asyncio.run(scene())
    assert [one["missed"] for one in found] == [1234, None]
    assert all(one["reason"] for one in found)


def test_stream_unknown_last_event_id_is_a_gap(monitor: Monitor) -> None:
    listener = follow(monitor, "", [message(1)], str(uuid.uuid4()))
    assert [one["missed"] for one in gaps_of(listener)] == [None]
    assert "not recorded" in gaps_of(listener)[0]["reason"]


def test_stream_more_messages_than_are_replayed_is_a_gap(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "MAX_REPLAYED", 500)
    with monitor.database.write() as connection:
        messages.record(connection, [message(number) for number in range(1, 1002)])
    listener = follow(monitor, "", [], message(1).message_id)
    assert listener.numbers[:500] == list(range(2, 502))
    assert len(gaps_of(listener)) == 1
