"""The durable subscriptions that agents of this home have made, from their identity files."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...core.destinations import EPICTOPIC
from ...core.files import read_json

AGENTS_FOLDER = "agents"


class HomeSubscription(NamedTuple):
    """A durable subscription of an agent (NAMESPACE@KIND) of this home."""

    agent: str
    client_id: str
    name: str
    destination: str


def home_subscriptions(state_dir: Path, broker: str) -> Iterator[HomeSubscription]:
    """Those at `broker` (host:port, or `embedded`). A file that cannot be read counts as empty."""
    for path in sorted((state_dir / AGENTS_FOLDER).glob("*.json")):
        # one identity for each database that the agent has served: the old ones are what is abandoned
        for identity in read_json(path).values():
            if not isinstance(identity, dict) or not isinstance(identity.get("client_id"), str):
                continue
            if broker not in _texts(identity.get("known_to")):
                continue
            for topic in _texts(identity.get("topics")) or [EPICTOPIC]:
                yield HomeSubscription(path.stem, identity["client_id"], durable_name(topic), topic)


def durable_name(topic: str) -> str:
    """The name that agents give to their durable subscription of a topic."""
    return topic.strip("/").replace("/", ".")


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
