"""Administration of a running broker over STOMP.

A request is a SEND to `/queue/SWF.Broker.Admin` with the header `reply-to` (a queue, also a temporary one, to
which the client is subscribed), optionally `correlation-id` (the reply has the same), and a JSON object:

    {"command": "status"}
    {"command": "queues",        "limit": 1000, "after": NAME}
    {"command": "topics",        "limit": 1000, "after": NAME}
    {"command": "subscriptions", "limit": 1000, "after": [CLIENT_ID, NAME]}
    {"command": "browse",  STORE, "limit": 100, "after": SEQUENCE, "body_bytes": 4096}
    {"command": "drop",    "client_id": ID, "name": NAME}     a durable subscription and its backlog
    {"command": "purge",   STORE}                             all that waits; what is delivered stays
    {"command": "discard", STORE, "ids": [MESSAGE_ID, ...]}   single messages that wait
    {"command": "resend",  STORE, "ids": [MESSAGE_ID, ...]}   dead letters, to their original destination
    {"command": "compact"}                                    give free room back to the file system

STORE is `"destination": "/queue/NAME"`, or `"client_id"` and `"name"` of a durable subscription. `limit`,
`after` and `body_bytes` are optional. Lists are sorted (by name, by client id and name, by sequence); where
`more` is true, send the request again with `after` set to the last one's key.

A reply is a JSON object, `{"ok": true, ...}` or `{"ok": false, "error": TEXT, "advice": TEXT}`, with

    status         "status": {"accepts": bool, "reason": TEXT (why persistent messages are refused, or ""),
                   "journal_bytes", "journal_limit_bytes", "store_limit_bytes", "disk_free_bytes",
                   "messages", "memory_bytes", "memory_limit_bytes", "connections", "queues", "topics",
                   "subscriptions", "version", "id"}
    queues         "queues": [{"destination", "messages", "in_flight", "bytes", "limit_bytes", "full": bool,
                   "oldest_seconds": number or null, "consumers": [{"client_id", "peer", "subscription",
                   "ack", "prefetch", "unacknowledged", "selector"}], "enqueued", "dequeued", "dispatched",
                   "expired"}], "more": bool
    topics         "topics": [{"destination", "subscribers", "durable_subscriptions", "enqueued",
                   "dequeued"}], "more": bool
    subscriptions  "subscriptions": [{"client_id", "name", "destination", "selector", "active": bool, and
                   what a queue has, from "messages" on}], "more": bool
    browse         "messages": [{"sequence", "id", "state": "waiting" or "delivered", "redeliveries",
                   "persistent": bool, "timestamp": ms since 1970, "expires": ms or 0, "bytes", "headers": {},
                   "body": TEXT, "body_truncated": bool}], "more": bool
    drop           "removed": messages
    purge          "removed": messages
    discard        "removed": messages
    resend         "resent": messages
    compact        "before_bytes", "after_bytes"

"messages" counts what waits and what is delivered but not acknowledged ("in_flight"). "bytes" are those of
whole messages and 100 more for each. Counters start with the process. A body that is not UTF-8 is decoded
with replacements.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import Any, Protocol, TypeVar

from ... import __version__
from .administered_store import AdministeredStore, BrowsedMessage
from .frames import Rejected
from .journal_batch import Sender
from .message import Message, broker_message
from .ports import BrokerState
from .subscriptions import Durable, StoreSubscription
from .topics import Topic

LIST_LIMIT, BROWSE_LIMIT, BODY_BYTES = 1000, 100, 4096
REPLY_BYTES = 4 * 1024 * 1024

Reply = Callable[[dict[str, object]], None]
Request = Mapping[str, Any]
Item = TypeVar("Item", str, tuple[str, str])


class RequestRefused(Exception):
    """A request that is answered with an error."""

    def __init__(self, error: str, advice: str = "") -> None:
        super().__init__(error)
        self.error, self.advice = error, advice


class AdministeredBroker(BrokerState, Protocol):
    """The broker, for its administration."""

    def store(self, destination: str, client_id: str, name: str) -> AdministeredStore | None: ...
    def drop_durable(self, client_id: str, name: str) -> int: ...
    def resend(self, message: Message) -> None: ...


class Admin:
    """The destination of requests: parses, executes, replies."""

    header = ""

    def __init__(self, broker: AdministeredBroker) -> None:
        self._broker = broker
        self._commands: dict[str, Callable[[Request, Reply], None]] = {
            "status": self._status,
            "queues": self._queues,
            "topics": self._topics,
            "subscriptions": self._subscriptions,
            "browse": self._browse,
            "drop": self._drop,
            "purge": self._purge,
            "discard": self._discard,
            "resend": self._resend,
            "compact": self._compact,
        }

    def publish(self, message: Message, sender: Sender | None) -> None:  # noqa: ARG002 - a Target's signature
        """Execute the request in a message and reply to it."""
        reply_to = message.headers.get("reply-to", "")
        target = self._broker.targets.get(reply_to)
        if target is None:
            raise Rejected("A request to the broker needs a reply-to that exists")
        headers = {"content-type": "application/json"}
        if "correlation-id" in message.headers:
            headers["correlation-id"] = message.headers["correlation-id"]

        def reply(content: dict[str, object]) -> None:
            self._reply(reply_to, headers, content)

        try:
            request = _parsed(message.body)
            command = self._commands.get(str(request.get("command")))
            if command is None:
                raise RequestRefused(
                    f"command: {request.get('command')!r} not found",
                    f"Use one of: {', '.join(self._commands)}",
                )
            command(request, reply)
        except RequestRefused as problem:
            reply({"ok": False, "error": problem.error, "advice": problem.advice})

    def _reply(self, reply_to: str, headers: dict[str, str], content: dict[str, object]) -> None:
        target = self._broker.targets.get(reply_to)
        if target is not None:  # the client may be gone by now
            body = json.dumps(content, separators=(",", ":")).encode()
            target.publish(broker_message(reply_to, self._broker.new_message_id(), headers, body), None)

    # lists

    def _status(self, request: Request, reply: Reply) -> None:  # noqa: ARG002
        broker, limits = self._broker, self._broker.limits
        reason = broker.journal.refusal
        status = {
            "accepts": not reason,
            "reason": reason,
            "journal_bytes": broker.journal.size,
            "journal_limit_bytes": limits.journal_bytes,
            "store_limit_bytes": limits.store_bytes,
            "disk_free_bytes": broker.journal.disk.free,
            "messages": sum(store.size for store in broker.stores()),
            "memory_bytes": broker.memory.used,
            "memory_limit_bytes": limits.memory_bytes,
            "connections": len(broker.sessions),
            "queues": len(broker.queues),
            "topics": len(broker.topics.named),
            "subscriptions": len(broker.durables.all),
            "version": __version__,
            "id": broker.id,
        }
        reply({"ok": True, "status": status})

    def _queues(self, request: Request, reply: Reply) -> None:
        names, more = _slice(self._broker.queues, _text(request, "after"), _limit(request, LIST_LIMIT))
        queues = [self._broker.queues[name] for name in names]

        def found(oldest: dict[int, int]) -> None:
            facts = [{"destination": queue.destination} | _store_facts(queue, oldest) for queue in queues]
            reply({"ok": True, "queues": facts, "more": more})

        self._with_ages(queues, found)

    def _topics(self, request: Request, reply: Reply) -> None:
        topics = self._broker.topics.named
        names, more = _slice(topics, _text(request, "after"), _limit(request, LIST_LIMIT))
        reply({"ok": True, "topics": [_topic_facts(topics[name]) for name in names], "more": more})

    def _subscriptions(self, request: Request, reply: Reply) -> None:
        after = request.get("after", ("", ""))
        if not (isinstance(after, list | tuple) and [type(part) for part in after] == [str, str]):
            raise RequestRefused("after: not a list of client id and name")
        durables = self._broker.durables.all
        keys, more = _slice(durables, (after[0], after[1]), _limit(request, LIST_LIMIT))
        chosen = [durables[key] for key in keys]

        def found(oldest: dict[int, int]) -> None:
            facts = [_durable_facts(durable) | _store_facts(durable, oldest) for durable in chosen]
            reply({"ok": True, "subscriptions": facts, "more": more})

        self._with_ages(chosen, found)

    def _with_ages(
        self, stores: Iterable[AdministeredStore], found: Callable[[dict[int, int]], None]
    ) -> None:
        """Call `found` with the time stamp (ms) of each store's oldest message, read from disk if needed."""
        oldest: dict[int, int] = {}
        unknown: list[tuple[int, int]] = []
        for store in stores:
            first = store.oldest_in_memory()
            if first is not None:
                oldest[store.number] = first.timestamp
            elif store.size:
                unknown.append((store.number, store.loaded_to))
        if unknown:
            self._broker.journal.oldest(unknown, lambda read: found(oldest | read))
        else:
            found(oldest)

    def _browse(self, request: Request, reply: Reply) -> None:
        store = self._store(request)
        limit = _limit(request, BROWSE_LIMIT)
        body_bytes = _number(request, "body_bytes", BODY_BYTES)

        def found(messages: list[BrowsedMessage]) -> None:
            facts: list[dict[str, object]] = []
            size = 0
            for message in messages[:limit]:
                facts.append(_message_facts(message, body_bytes))
                size += min(len(message.message.tail), body_bytes) + 1000
                if size > REPLY_BYTES:
                    break
            reply({"ok": True, "messages": facts, "more": len(facts) < len(messages)})

        store.browse(_number(request, "after", 0), limit + 1, found)

    # changes

    def _drop(self, request: Request, reply: Reply) -> None:
        client_id, name = _text(request, "client_id"), _text(request, "name")
        try:
            removed = self._broker.drop_durable(client_id, name)
        except Rejected as problem:
            raise RequestRefused(
                problem.reason, "Stop its subscriber first, or check the names with: subscriptions"
            ) from problem
        self._broker.journal.when_written(lambda: reply({"ok": True, "removed": removed}))

    def _purge(self, request: Request, reply: Reply) -> None:
        def purged(removed: int) -> None:
            self._broker.journal.when_written(lambda: reply({"ok": True, "removed": removed}))

        self._store(request).purge(purged)

    def _discard(self, request: Request, reply: Reply) -> None:
        store, ids = self._store(request), _ids(request)
        store.extract(ids, lambda _: None, lambda count, error: reply(_outcome("removed", count, error)))

    def _resend(self, request: Request, reply: Reply) -> None:
        store, ids = self._store(request), _ids(request)

        store.extract(ids, self._broker.resend, lambda count, error: reply(_outcome("resent", count, error)))

    def _compact(self, request: Request, reply: Reply) -> None:  # noqa: ARG002
        before = self._broker.journal.size

        def done() -> None:
            reply({"ok": True, "before_bytes": before, "after_bytes": self._broker.journal.size})

        self._broker.journal.space.compact(done)

    def _store(self, request: Request) -> AdministeredStore:
        destination, client_id, name = (_text(request, key) for key in ("destination", "client_id", "name"))
        store = self._broker.store(destination, client_id, name)
        if store is None:
            wanted = destination or f"durable subscription {name!r} of client {client_id!r}"
            raise RequestRefused(
                f"{wanted} not found", "Check the names with: swf-console broker queues, or subscriptions"
            )
        return store


def _outcome(what: str, count: int, error: str) -> dict[str, object]:
    if error:
        return {"ok": False, "error": f"{error} ({count} messages were {what} before)", "advice": ""}
    return {"ok": True, what: count}


def _parsed(body: bytes) -> Request:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestRefused("The request is not JSON") from None
    if not isinstance(request, dict):
        raise RequestRefused("The request is not a JSON object")
    return request


def _text(request: Request, name: str) -> str:
    value = request.get(name, "")
    if not isinstance(value, str):
        raise RequestRefused(f"{name}: {value!r} is not a string")
    return value


def _number(request: Request, name: str, default: int) -> int:
    value = request.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 40:
        raise RequestRefused(f"{name}: {value!r} is not a number of 0 or more")
    return value


def _limit(request: Request, largest: int) -> int:
    return max(1, min(largest, _number(request, "limit", largest)))


def _ids(request: Request) -> set[str]:
    ids = request.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise RequestRefused("ids: not a list of message ids")
    return set(ids)


def _slice(keys: Iterable[Item], after: Item, limit: int) -> tuple[list[Item], bool]:
    ordered = sorted(keys)
    start = bisect_right(ordered, after)
    return ordered[start : start + limit], start + limit < len(ordered)


def _store_facts(store: AdministeredStore, oldest: dict[int, int]) -> dict[str, object]:
    stamp = oldest.get(store.number)
    return {
        "messages": store.size,
        "in_flight": store.in_flight,
        "bytes": store.bytes,
        "limit_bytes": store.context.limits.store_bytes,
        "full": store.full,
        "oldest_seconds": None if stamp is None else round(max(0.0, time() - stamp / 1000), 1),
        "consumers": [
            _consumer_facts(consumer)
            for consumer in store.consumers
            if isinstance(consumer, StoreSubscription)
        ],
        "enqueued": store.enqueued,
        "dequeued": store.dequeued,
        "dispatched": store.dispatched,
        "expired": store.expirations,
    }


def _consumer_facts(consumer: StoreSubscription) -> dict[str, object]:
    return {
        "client_id": consumer.session.client_id,
        "peer": consumer.session.peer,
        "subscription": consumer.name,
        "ack": consumer.mode,
        "prefetch": consumer.prefetch,
        "unacknowledged": len(consumer.unacknowledged),
        "selector": consumer.selector_text,
    }


def _durable_facts(durable: Durable) -> dict[str, object]:
    return {
        "client_id": durable.client_id,
        "name": durable.name,
        "destination": durable.destination,
        "selector": durable.selector_text,
        "active": durable.active,
    }


def _topic_facts(topic: Topic) -> dict[str, object]:
    return {
        "destination": f"/topic/{topic.name}",
        "subscribers": len(topic.subscribers),
        "durable_subscriptions": sum(isinstance(one, Durable) for one in topic.stores),
        "enqueued": topic.enqueued,
        "dequeued": topic.dequeued,
    }


def _message_facts(browsed: BrowsedMessage, body_bytes: int) -> dict[str, object]:
    message = browsed.message
    body = message.body
    return {
        "sequence": browsed.sequence,
        "id": message.id,
        "state": "delivered" if browsed.delivered else "waiting",
        "redeliveries": browsed.redeliveries,
        "persistent": message.persistent,
        "timestamp": message.timestamp,
        "expires": message.expires,
        "bytes": len(message.tail),
        "headers": message.headers,
        "body": body[:body_bytes].decode(errors="replace"),
        "body_truncated": len(body) > body_bytes,
    }
