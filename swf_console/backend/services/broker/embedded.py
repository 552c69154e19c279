"""The embedded broker, through its admin destination (backend/broker/admin.py says what it answers)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ...core.destinations import BROKER_ADMIN, DEAD_LETTERS
from ...core.errors import BrokerUnreachable, Refused, UsageError
from ...core.sanitize import brief
from ...messaging.broker_client import BrokerClient, RawMessage
from .home_subscriptions import home_subscriptions
from .messages import waiting_message
from .records import (
    BrokerContents,
    Compaction,
    DestinationStatus,
    DurableSubscription,
    Removal,
    StoreUsage,
    WaitingMessage,
)
from .target import Target

NAME_IN_IDENTITIES = "embedded"
BODY_BYTES = 65_536
MOST_LISTED = 10_000
TEMPORARY_QUEUES = "/remote-temp-queue/"  # replies to requests, such as those made here


class EmbeddedAdministration:
    """A BrokerAdministration of an embedded broker. `state_dir` is that of the home, for names of agents."""

    def __init__(self, client: BrokerClient, state_dir: Path) -> None:
        self._client, self._state_dir = client, state_dir

    def contents(self) -> BrokerContents:
        """Queues, topics, durable subscriptions and the store."""
        return replace(self.summary(), topics=tuple(map(_topic, self._listed("topics", "destination"))))

    def summary(self) -> BrokerContents:
        """The same without topics, of which there can be many and none can be full."""
        agents = {
            (one.client_id, one.name): one.agent
            for one in home_subscriptions(self._state_dir, NAME_IN_IDENTITIES)
        }
        status = self._request("status").get("status")
        return BrokerContents(
            kind="embedded",
            place=self._client.place,
            server=self._client.server,
            queues=tuple(
                queue
                for queue in map(_queue, self._listed("queues", "destination"))
                if not queue.destination.startswith(TEMPORARY_QUEUES)
            ),
            subscriptions=tuple(
                _subscription(one, agents) for one in self._listed("subscriptions", "client_id", "name")
            ),
            store=_store(status) if isinstance(status, dict) else None,
        )

    def browse(self, target: Target, limit: int) -> list[WaitingMessage]:
        """The first messages of a queue or of a durable subscription."""
        if target.destination == DEAD_LETTERS and not self._has_queue(DEAD_LETTERS):
            return []  # it is made with the first dead letter
        found: list[WaitingMessage] = []
        after = 0
        while len(found) < limit:
            page = self._request(
                "browse", **_store_of(target), after=after, limit=limit - len(found), body_bytes=BODY_BYTES
            )
            messages = _objects(page, "messages")
            found += map(_waiting, messages)
            if not messages or page.get("more") is not True:
                break
            after = _number(messages[-1], "sequence") or 0
        return found[:limit]

    def drop(self, target: Target) -> list[Removal]:
        """Remove durable subscriptions with their messages."""
        return [self._removal("drop", one) for one in self._targets(target)]

    def purge(self, target: Target) -> list[Removal]:
        """Remove the waiting messages of a queue or of durable subscriptions, which stay."""
        return [self._removal("purge", one) for one in self._targets(target)]

    def compact(self) -> Compaction:
        """Give the free space in the journal back to the file system."""
        done = self._request("compact")
        return Compaction(_number(done, "before_bytes") or 0, _number(done, "after_bytes") or 0)

    def _has_queue(self, destination: str) -> bool:
        return any(one.get("destination") == destination for one in self._listed("queues", "destination"))

    def _targets(self, target: Target) -> list[Target]:
        if target.destination or target.name:
            return [target]
        found = self._listed("subscriptions", "client_id", "name")
        names = [str(one.get("name")) for one in found if one.get("client_id") == target.client_id]
        if not names:
            raise UsageError(
                f"durable subscription not found: {target.client_id}",
                "List them: swf-console broker subscriptions",
            )
        return [Target(client_id=target.client_id, name=name) for name in names]

    def _removal(self, command: str, target: Target) -> Removal:
        return Removal(str(target), _number(self._request(command, **_store_of(target)), "removed"))

    def _listed(self, command: str, *keys: str) -> Iterator[dict[str, Any]]:
        """The objects of a list, page by page; `keys` make the cursor."""
        after: object = None
        count = 0
        while count < MOST_LISTED:
            page = self._request(command, **({} if after is None else {"after": after}))
            found = _objects(page, command)
            yield from found
            count += len(found)
            if not found or page.get("more") is not True:
                return
            last = [str(found[-1].get(key)) for key in keys]
            after = last if len(keys) > 1 else last[0]

    def _request(self, command: str, **fields: object) -> dict[str, Any]:
        reply = self._client.reply(BROKER_ADMIN, json.dumps({"command": command, **fields}))
        if reply is None:
            raise BrokerUnreachable(
                f"the broker at {self._client.place} does not answer admin requests",
                "Restart it: it was started by an older version",
            )
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise BrokerUnreachable(f"the broker at {self._client.place} sent an answer that is not JSON")
        if answer.get("ok") is not True:
            raise _refusal(
                brief(answer.get("error") or "refused", 300), brief(answer.get("advice") or "", 300)
            )
        return answer


def _refusal(error: str, advice: str) -> UsageError | Refused:
    if "in use" in error:
        return Refused("the durable subscription is in use", "Stop its client first")
    missing = "not found" in error or error.startswith("No durable subscription")
    if missing:
        return UsageError(error, "List them: swf-console broker subscriptions, or queues")
    return Refused(error, advice)


def _store_of(target: Target) -> dict[str, object]:
    if target.destination:
        return {"destination": target.destination}
    return {"client_id": target.client_id, "name": target.name}


def _objects(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = answer.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _number(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _oldest(fields: Mapping[str, Any]) -> datetime | None:
    seconds = fields.get("oldest_seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < 1e10:
        return None
    return datetime.now(UTC) - timedelta(seconds=seconds)


def _queue(fields: Mapping[str, Any]) -> DestinationStatus:
    return DestinationStatus(
        destination=str(fields.get("destination", "")),
        messages=_number(fields, "messages"),
        consumers=len(_objects(fields, "consumers")),
        bytes=_number(fields, "bytes"),
        limit_bytes=_number(fields, "limit_bytes"),
        is_full=fields.get("full") is True,
        in_flight=_number(fields, "in_flight"),
        enqueued=_number(fields, "enqueued"),
        dequeued=_number(fields, "dequeued"),
        expired=_number(fields, "expired"),
        oldest_at=_oldest(fields),
    )


def _topic(fields: Mapping[str, Any]) -> DestinationStatus:
    subscribers, durable = _number(fields, "subscribers"), _number(fields, "durable_subscriptions")
    return DestinationStatus(
        destination=str(fields.get("destination", "")),
        messages=None,
        consumers=None if subscribers is None else subscribers + (durable or 0),
        enqueued=_number(fields, "enqueued"),
        dequeued=_number(fields, "dequeued"),
    )


def _subscription(fields: Mapping[str, Any], agents: Mapping[tuple[str, str], str]) -> DurableSubscription:
    client_id, name = str(fields.get("client_id", "")), str(fields.get("name", ""))
    consumers = _objects(fields, "consumers")
    return DurableSubscription(
        client_id=client_id,
        name=name,
        destination=str(fields.get("destination", "")),
        active=fields.get("active") is True,
        selector=str(fields.get("selector") or ""),
        agent=agents.get((client_id, name), ""),
        peer=str(consumers[0].get("peer") or "") if consumers else "",
        messages=_number(fields, "messages"),
        bytes=_number(fields, "bytes"),
        limit_bytes=_number(fields, "limit_bytes"),
        is_full=fields.get("full") is True,
        in_flight=_number(fields, "in_flight"),
        oldest_at=_oldest(fields),
    )


def _store(status: Mapping[str, Any]) -> StoreUsage | None:
    used, limit = _number(status, "journal_bytes"), _number(status, "journal_limit_bytes")
    if used is None or limit is None:
        return None
    return StoreUsage(used, limit, _number(status, "disk_free_bytes"), str(status.get("reason") or ""))


def _waiting(fields: Mapping[str, Any]) -> WaitingMessage:
    headers = fields.get("headers")
    known = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    known.setdefault("message-id", str(fields.get("id", "")))
    return waiting_message(RawMessage(known, str(fields.get("body", ""))), _number(fields, "bytes"))
