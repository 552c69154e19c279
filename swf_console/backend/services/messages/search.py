"""Recorded messages: pages, with the same filter as the live tail, and one message with its content."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ...core.errors import UsageError
from ...database import Database, messages
from ...database.records.messages import MessageFilter, MessageRecord, MessageSummary
from ...database.records.pages import Page
from ...database.sql.keyset import cursor_of
from ...message_mapping import stored_metadata
from ...messaging.message import MessageMetadata
from .filter import FIELDS, MessageMatch, Term

CHUNK = 500
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some messages, and the cursor of the next page. `looked_at` rows were read.

    `unfinished`: the search stopped at the limit of rows; it can be continued from `next`.
    """

    items: tuple[MessageSummary, ...]
    next: str | None
    looked_at: int
    unfinished: bool = False


@dataclass(frozen=True)
class StoredMessage:
    """A recorded message for a filter."""

    summary: MessageSummary
    content: Any = None

    @property
    def id(self) -> str:
        return self.summary.message_id

    @cached_property
    def metadata(self) -> MessageMetadata:
        return stored_metadata(self.summary)

    @cached_property
    def body(self) -> str:
        """The content as JSON text."""
        return self.content if isinstance(self.content, str) else json.dumps(self.content, default=str)


def list_messages(
    database: Database,
    wanted: MessageFilter,
    match: MessageMatch | None = None,
    after: str | None = None,
    limit: int = 50,
) -> MessagePage:
    """Recorded messages, newest first, that match `wanted` and `match`.

    Indexed terms are left to the database; the others are compared in at most 20,000 rows.
    """
    wanted, rest = split_filter(wanted, match or MessageMatch())
    if not rest.terms:
        page = _page(database, wanted, after, limit)
        return MessagePage(page.items, page.next, len(page.items))
    return _search(database, wanted, rest, after, limit)


def with_contents(database: Database, items: Sequence[MessageSummary]) -> tuple[MessageRecord, ...]:
    """The same messages with their contents."""
    with database.read() as connection:
        return tuple(messages.with_content(connection, [one.message_id for one in items]))


def find_message(database: Database, message_id: str) -> MessageRecord:
    """One message with its content. Raises UsageError for an unknown id."""
    try:
        identity = str(uuid.UUID(message_id))
    except ValueError:
        raise UsageError(
            f"{message_id[:60]!r} is not a message id",
            "Message ids are UUIDs; list them: swf-console messages --json",
        ) from None
    with database.read() as connection:
        found = messages.get(connection, identity)
    if found is None:
        raise UsageError(f"message not found: {identity}", "List them: swf-console messages")
    return found


def split_filter(wanted: MessageFilter, match: MessageMatch) -> tuple[MessageFilter, MessageMatch]:
    """Split a filter into the part for the database and the remaining terms."""
    rest: list[Term] = []
    narrowed: dict[str, Any] = {}
    for term in match.terms:
        name = FIELDS[term.field].indexed if term.field in FIELDS else ""
        value = _indexed(term)
        if name and value is not None and narrowed.get(name, getattr(wanted, name)) in (None, value):
            narrowed[name] = value
        else:
            rest.append(term)
    return replace(wanted, **narrowed), MessageMatch(tuple(rest))


def _indexed(term: Term) -> str | None:
    """The value that an index can search: one without wildcards, or a type with a wildcard at its end."""
    value = term.single
    if value is None or ("?" in value and not term.literal):
        return None
    stem = value[:-1] if term.field == "type" and value.endswith("*") and not term.literal else value
    return None if "*" in stem or (term.literal and value.endswith("*")) else value


def _search(
    database: Database, wanted: MessageFilter, match: MessageMatch, after: str | None, limit: int
) -> MessagePage:
    found: list[MessageSummary] = []
    looked_at = 0
    while looked_at < MOST_ROWS:
        page = _page(database, wanted, after, CHUNK)
        for candidate in _with_bodies(database, page.items, match.needs_body):
            looked_at += 1
            if match(candidate):
                found.append(candidate.summary)
                if len(found) > limit:
                    return MessagePage(tuple(found[:limit]), _cursor(found[limit - 1]), looked_at)
        after = page.next
        if after is None:
            return MessagePage(tuple(found), None, looked_at)
    return MessagePage(tuple(found), after, looked_at, unfinished=True)


def _page(database: Database, wanted: MessageFilter, after: str | None, limit: int) -> Page[MessageSummary]:
    with database.read() as connection:
        return messages.page(connection, wanted, after, limit)


def _with_bodies(
    database: Database, summaries: tuple[MessageSummary, ...], bodies: bool
) -> Iterator[StoredMessage]:
    contents: dict[str, Any] = {}
    if bodies:
        with database.read() as connection:
            found = messages.with_content(connection, [each.message_id for each in summaries])
        contents = {message.message_id: message.content for message in found}
    return (StoredMessage(each, contents.get(each.message_id)) for each in summaries)


def _cursor(last: MessageSummary) -> str:
    return cursor_of((last.sent_at, last.message_id))
