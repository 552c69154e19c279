"""The durable subscriptions that identity files of agents name."""

import json
from pathlib import Path

import pytest

from swf_console.backend.services.broker.home_subscriptions import HomeSubscription, home_subscriptions


def write(folder: Path, text: str) -> None:
    (folder / "agents").mkdir()
    (folder / "agents" / "demo@data.json").write_text(text)


def test_home_subscriptions_identity_names_one_for_each_topic_and_database(tmp_path: Path) -> None:
    one = {"name": "a", "client_id": "a-1", "known_to": ["host:1"], "topics": ["/topic/x", "/topic/y.z"]}
    old = {"name": "a", "client_id": "a-0", "known_to": ["host:1"]}
    elsewhere = {"name": "a", "client_id": "a-2", "known_to": ["embedded"]}
    write(tmp_path, json.dumps({"db1": one, "db0": old, "db2": elsewhere}))
    assert list(home_subscriptions(tmp_path, "host:1")) == [
        HomeSubscription("demo@data", "a-1", "topic.x", "/topic/x"),
        HomeSubscription("demo@data", "a-1", "topic.y.z", "/topic/y.z"),
        HomeSubscription("demo@data", "a-0", "topic.epictopic", "/topic/epictopic"),
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"db": 3}', '{"db": {"client_id": 3}}', '{"db": {"client_id": "a"}}']
)
def test_home_subscriptions_unreadable_identity_is_left_out(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert list(home_subscriptions(tmp_path, "host:1")) == []
