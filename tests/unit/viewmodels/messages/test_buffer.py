"""The message buffer: filters, namespaces, history from the database."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from swf_console.backend.core.errors import Refused, UsageError
from swf_console.backend.database import Database
from swf_console.backend.messaging.message import ID_HEADER
from swf_console.viewmodels.messages.buffer import MessageBuffer
from tests.support.history import BEGAN, add_execution, add_messages
from tests.support.waiting import wait_for

Frame = tuple[dict[str, str], str]


def frame(
    kind: str = "stf_gen",
    namespace: str | None = "demo",
    identity: str | None = None,
    **content: object,
) -> Frame:
    headers = {"destination": "/topic/epictopic", ID_HEADER: identity or str(uuid.uuid4())}
    return headers, json.dumps({"msg_type": kind, "namespace": namespace, "sender": "daq", **content})


def kinds(tail: MessageBuffer) -> list[str | None]:
    return [row.msg_type for row in tail.window(0, len(tail))]


def complete(tail: MessageBuffer) -> Callable[[], bool]:
    return lambda: tail.counters().complete


def test_message_buffer_namespace_set_hides_other_namespaces() -> None:
    tail = MessageBuffer("demo", now=lambda: 1000.0)
    tail.take([frame(), frame(namespace="other"), frame("run_imminent")])
    assert kinds(tail) == ["stf_gen", "run_imminent"]
    assert tail.types() == [("stf_gen", 1), ("run_imminent", 1)]
    tail.set_namespace("demo", everywhere=True)
    wait_for(complete(tail))
    assert len(tail) == 3


def test_message_buffer_message_without_namespace_is_shown_and_others_counted_as_hidden() -> None:
    tail = MessageBuffer("demo", now=lambda: 1000.0)
    tail.take([frame("a"), frame("b", namespace=None), *(frame(namespace=f"n{each}") for each in range(3))])
    assert kinds(tail) == ["a", "b"]
    assert [row.namespace for row in tail.window(0, 2)] == ["demo", None]
    assert tail.counters().hidden == 3
    assert tail.types() == [("a", 1), ("b", 1)]
    tail.set_namespace("n1")
    wait_for(complete(tail))
    assert kinds(tail) == ["b", "stf_gen"]
    assert tail.counters().hidden == 3
    tail.set_namespace("n1", everywhere=True)
    assert tail.counters().hidden == 0


def test_load_history_has_the_topic_only_with_messages_without_namespace(home_database: Database) -> None:
    execution = add_execution(home_database)
    topic: dict[str, Any] = {"queue_name": "/topic/epictopic"}
    first = add_messages(home_database, execution, 3, **topic)
    add_messages(home_database, execution, 3, kind="slice", queue_name="/queue/panda.transformer.slices")
    add_messages(home_database, execution, 3, namespace="other", **topic)
    without = add_messages(home_database, execution, 3, namespace=None, **topic)
    tail = MessageBuffer("demo")
    while not tail.ends:
        tail.load_history(home_database, limit=2)
    rows = tail.window(0, 99)
    assert {row.id for row in rows} == {*first, *without}
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    tail.set_namespace("demo", everywhere=True)
    while not tail.ends:
        tail.load_history(home_database, limit=2)
    assert len(tail) == 9


def test_message_buffer_first_namespace_replaces_all_namespaces() -> None:
    tail = MessageBuffer(None)
    tail.take([frame(namespace="other")])
    tail.set_namespace("demo")
    tail.take([frame("run_imminent")])
    wait_for(complete(tail))
    assert kinds(tail) == ["run_imminent"]
    tail.set_namespace("demo", everywhere=True)
    tail.set_namespace("other")
    assert tail.everywhere


def test_message_buffer_filter_set_applies_to_old_and_new_messages() -> None:
    tail = MessageBuffer("demo")
    tail.take([frame("a", n=1), frame("b", n=2), frame("a", n=3)])
    tail.set_filter("type=a")
    tail.take([frame("b"), frame("a", n=4)])
    wait_for(complete(tail))
    assert [row.content["n"] for row in tail.window(0, 10)] == [1, 3, 4]
    tail.set_filter("")
    wait_for(complete(tail))
    assert len(tail) == 5


def test_message_buffer_invalid_filter_changes_nothing() -> None:
    tail = MessageBuffer("demo")
    tail.take([frame()])
    with pytest.raises(UsageError, match="unknown message field"):
        tail.set_filter("colour=red")
    assert len(tail) == 1
    assert tail.filter_text == ""


def test_message_buffer_queue_is_refused() -> None:
    with pytest.raises(Refused, match="would take messages"):
        MessageBuffer("demo", topic="/queue/workflow_control")


@pytest.mark.parametrize(
    "body", ["", "no JSON", "[]", "[" * 100_000, '{"msg_type": 7}', '{"namespace": []}', "\x00"]
)
def test_message_buffer_any_body_is_buffered(body: str) -> None:
    tail = MessageBuffer(None)
    tail.take([({}, body)])
    assert tail.window(0, 1)[0].body == body


def test_message_buffer_note_passes_every_filter() -> None:
    tail = MessageBuffer("demo")
    tail.set_filter("type=nothing")
    tail.take([frame()])
    tail.note("mark 1")
    wait_for(complete(tail))
    assert [(row.is_note, row.body) for row in tail.window(0, 5)] == [(True, "mark 1")]


def test_load_history_continues_ring_without_gap(home_database: Database) -> None:
    ids = add_messages(home_database, add_execution(home_database), 30)
    tail = MessageBuffer("demo", now=(BEGAN + timedelta(seconds=25)).timestamp)
    tail.take([frame(identity=ids[number]) for number in range(25, 30)])
    while not tail.ends:
        tail.load_history(home_database, limit=7)
    rows = tail.window(0, 100)
    assert [row.id for row in rows] == ids
    assert [tail.position(row.number) for row in rows] == list(range(30))
    assert tail.position_at((BEGAN + timedelta(seconds=12)).timestamp()) == 12


def test_load_history_message_that_arrives_later_is_shown_once(home_database: Database) -> None:
    ids = add_messages(home_database, add_execution(home_database), 3)
    tail = MessageBuffer("demo")
    tail.load_history(home_database)
    tail.take([frame(identity=ids[2])])
    assert [row.id for row in tail.window(0, 9)] == ids


def test_load_history_moved_ring_drops_history(home_database: Database) -> None:
    add_messages(home_database, add_execution(home_database), 3)
    tail = MessageBuffer("demo", capacity=5)
    tail.take([frame() for _ in range(5)])
    tail.hold()
    tail.load_history(home_database)
    assert len(tail) == 8
    tail.take([frame() for _ in range(3)])
    assert len(tail) == 11
    tail.release()
    assert len(tail) == 5


def test_load_history_filter_set_applies(home_database: Database) -> None:
    execution = add_execution(home_database)
    add_messages(home_database, execution, 3, kind="stf_gen")
    wanted = add_messages(home_database, execution, 2, kind="run_imminent")
    tail = MessageBuffer("demo")
    tail.set_filter('type=run_imminent ".sequence"')
    tail.set_filter("type=run_imminent .sequence=1,2")
    tail.load_history(home_database)
    assert [row.id for row in tail.window(0, 9)] == wanted
