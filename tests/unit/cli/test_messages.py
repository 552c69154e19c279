"""`swf-console messages`, as a person and a program use it."""

import json

import pytest

from swf_console.backend.database import Database
from swf_console.backend.messaging.message import read
from swf_console.cli.messages import line_of, show_live
from tests.support.command_line import CommandLine
from tests.support.history import BEGAN, add_execution, add_messages

HOSTILE = "\x1b[2J\u202e\x9b\x07"


def test_messages_list_is_newest_first_with_delivery(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 1)
    add_messages(home_database, execution_id, 1, kind="end_run", delivered_at=BEGAN, sender_agent=None)
    rows = [line.split() for line in console("messages").out.splitlines()[1:]]
    assert {(row[3], row[2]) for row in rows} == {("stf_gen", "no"), ("end_run", "yes")}


def test_messages_list_flags_and_filter_combine(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 5)
    add_messages(home_database, execution_id, 5, namespace="other")
    said = console("messages", "list", ".sequence=2", "type=stf_*", "--namespace", "demo", "--json")
    assert [each["namespace"] for each in said.documents] == ["demo"]


def test_messages_filter_term_implies_list(console: CommandLine, home_database: Database) -> None:
    add_messages(home_database, add_execution(home_database), 3)
    listed = console("messages", "list", ".sequence=2", "--json").out
    assert listed
    assert console("messages", ".sequence=2", "--json").out == listed
    assert console("messages", "type=stf_*", "!.sequence=1", ".sequence=2", "--json").out == listed
    said = console("messages", "lisst")
    assert (said.code, "invalid choice: 'lisst'" in said.err) == (2, True)


def test_messages_list_empty_suggests_the_next_step(console: CommandLine, home_database: Database) -> None:
    assert "No messages yet" in console("messages").err
    assert "No messages match" in console("messages", "--type", "stf_*").err
    assert "No messages match" in console("messages", "list", "word").err


def test_messages_list_page_names_the_next(console: CommandLine, home_database: Database) -> None:
    add_messages(home_database, add_execution(home_database), 3)
    rows = console("messages", "--limit", "2", "--json").documents
    (last,) = console("messages", "--limit", "2", "--json", "--after", rows[-1]["next"]).documents
    assert last["message_id"] not in {row.get("message_id") for row in rows}


def test_messages_show_prints_the_content(console: CommandLine, home_database: Database) -> None:
    (identity,) = add_messages(
        home_database, add_execution(home_database), 1, content={"filename": "a.stf", "evil": HOSTILE}
    )
    said = console("messages", "show", identity)
    assert "a.stf" in said.out
    assert "no broker has confirmed it" in said.out
    assert not set(HOSTILE) & {"\x1b", "\u202e", "\x9b", "\x07"} & set(said.out)
    assert console("messages", "show", identity.upper(), "--json").document["content"]["filename"] == "a.stf"


@pytest.mark.parametrize("identity", ["1", "x" * 5000, "00000000-0000-4000-8000-000000000000"])
def test_messages_show_unknown_id_is_one_line(
    console: CommandLine, home_database: Database, identity: str
) -> None:
    said = console("messages", "show", identity)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert len(said.err) < 300


@pytest.mark.parametrize(
    "topic",
    [
        "/queue/workflow_control",
        "/topic/a,/queue/b",
        "/topic/a,queue://b",
        "/temp-queue/x",
        "/topic/queue://b",
    ],
)
def test_messages_tail_queue_is_refused(console: CommandLine, topic: str) -> None:
    said = console("messages", "tail", "--topic", topic)
    assert said.code == 5
    assert "would take messages" in said.err


def test_messages_tail_bare_name_is_refused(console: CommandLine) -> None:
    assert console("messages", "tail", "--topic", "epictopic").code == 2


def test_messages_tail_without_broker_reports_it(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setattr("swf_console.backend.services.messages.follow.CONNECT_SECONDS", 0.2)
    monkeypatch.setenv("ACTIVEMQ_HOST", "127.0.0.1")
    monkeypatch.setenv("ACTIVEMQ_PORT", str(unused_port))
    assert console("messages", "tail").code == 3


@pytest.mark.parametrize("words", [["tpye=x"], ['"open']])
def test_messages_filter_invalid_is_refused(console: CommandLine, words: list[str]) -> None:
    for action in ("list", "tail"):
        said = console("messages", action, *words)
        assert said.code == 2
        assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400"])
def test_messages_tail_json_number_that_json_does_not_have_is_null(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = read({"destination": "/topic/t"}, f'{{"msg_type": "x", "value": [{number}, 1.5]}}')
    show_live([message], 1, as_json=True)
    (line,) = capsys.readouterr().out.splitlines()
    shown = json.loads(line, parse_constant=pytest.fail)
    assert shown["content"]["value"] == [None, 1.5]


@pytest.mark.parametrize(
    "body", [HOSTILE, '{"msg_type": "\\u001b[2J\\u202e", "x": "\\ud800"}', "x" * 1_000_000, "[]"]
)
def test_messages_tail_any_message_is_one_safe_line(body: str, capsys: pytest.CaptureFixture[str]) -> None:
    message = read({"destination": "/topic/" + HOSTILE, "namespace": HOSTILE}, body)
    assert show_live([message, message], 1, as_json=False) == 1
    assert show_live([message], 1, as_json=True) == 1
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert not {"\x1b", "\u202e", "\x9b", "\x07", "\ud800"} & set(out)
    assert len(line_of(message)) < 5000
