"""Recorded messages through a filter: what the database decides, and what is looked for."""

from collections.abc import Callable

import pytest

from swf_console.backend.database import Database
from swf_console.backend.database.records.messages import MessageFilter, MessageSummary
from swf_console.backend.services.messages import search
from swf_console.backend.services.messages.filter import compile_filter
from swf_console.backend.services.messages.search import list_messages, split_filter
from tests.support.history import add_execution, add_messages


@pytest.mark.parametrize(
    ("text", "wanted", "left"),
    [
        (
            "type=stf_gen run=1 execution=e namespace=n sender=s",
            MessageFilter("n", "e", "1", "stf_gen", "s"),
            0,
        ),
        ("type=stf_*", MessageFilter(message_type="stf_*"), 0),
        ("type=*_gen", MessageFilter(), 1),
        ("type=st?_*", MessageFilter(), 1),
        ("run=1*", MessageFilter(), 1),
        ('type="stf_*"', MessageFilter(), 1),
        ('sender="a?"', MessageFilter(sender="a?"), 0),
        ("type=a,b", MessageFilter(), 1),
        ("!type=a", MessageFilter(), 1),
        ("type=", MessageFilter(), 1),
        ("type=a type=b", MessageFilter(message_type="a"), 1),
        ("word .state=run topic=/topic/x", MessageFilter(), 3),
    ],
)
def test_split_filter_indexed_terms_go_to_the_database(text: str, wanted: MessageFilter, left: int) -> None:
    narrowed, rest = split_filter(MessageFilter(), compile_filter(text))
    assert narrowed == wanted
    assert len(rest.terms) == left


def test_split_filter_does_not_override_flags() -> None:
    narrowed, rest = split_filter(MessageFilter(run_id="1"), compile_filter("run=2"))
    assert narrowed.run_id == "1"
    assert len(rest.terms) == 1


@pytest.mark.parametrize("text", ["type=stf_gen", ".sequence=3,5,7", "sequence", "!type=end_run"])
def test_list_messages_pages_of_a_filter_are_complete(
    home_database: Database, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(search, "CHUNK", 3)
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 10)
    add_messages(home_database, execution_id, 4, kind="end_run", content={"msg_type": "end_run"})
    match = compile_filter(text)
    whole = list_messages(home_database, MessageFilter(), match, limit=100)
    assert whole.items
    assert whole.next is None
    paged: list[MessageSummary] = []
    after = None
    while True:
        page = list_messages(home_database, MessageFilter(), match, after, limit=2)
        paged += page.items
        after = page.next
        if after is None:
            break
    assert paged == list(whole.items)


def test_list_messages_without_match_stops_and_can_continue(
    home_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CHUNK", 2)
    monkeypatch.setattr(search, "MOST_ROWS", 4)
    add_messages(home_database, add_execution(home_database), 7)
    look: Callable[[str | None], search.MessagePage] = lambda after: list_messages(  # noqa: E731
        home_database, MessageFilter(), compile_filter(".sequence=1"), after
    )
    first = look(None)
    assert (first.items, first.looked_at, first.unfinished) == ((), 4, True)
    second = look(first.next)
    assert len(second.items) == 1
    assert not second.unfinished
