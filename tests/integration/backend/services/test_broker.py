"""What an operator does with a broker, on the embedded one and on a real ActiveMQ."""

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from swf_console.backend.core.errors import BrokerUnreachable, Refused, UsageError
from swf_console.backend.core.settings import Settings
from swf_console.backend.messaging.broker_client import broker_client
from swf_console.backend.services.broker import operations
from swf_console.backend.services.broker.records import DestinationStatus, DurableSubscription
from swf_console.backend.services.broker.target import Target
from tests.conftest import running
from tests.support.activemq import ActiveMQ, install_activemq
from tests.support.broker_homes import (
    CAUSE,
    abandon,
    activemq_home,
    embedded_home,
    home_of,
    put,
    put_dead_letter,
)
from tests.support.services import private_directory

# skips the test where the service is not installed
service = contextmanager(running)
LETTERS = Target("/queue/ActiveMQ.DLQ")


@pytest.fixture(scope="module")
def embedded_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with embedded_home(tmp_path_factory.mktemp("e")) as settings:
        yield settings


@pytest.fixture(params=["embedded", pytest.param("activemq", marks=pytest.mark.activemq)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A home whose broker runs."""
    if request.param == "embedded":
        found: Settings = request.getfixturevalue("embedded_settings")
        return found
    return activemq_home(tmp_path, request.getfixturevalue("activemq"))


@pytest.fixture
def name() -> str:
    """A name of this test alone."""
    return f"ops.{uuid.uuid4().hex[:12]}"


def is_embedded(settings: Settings) -> bool:
    return settings.broker is None


def queue_of(settings: Settings, destination: str) -> DestinationStatus:
    (found,) = [one for one in operations.contents(settings).queues if one.destination == destination]
    return found


def subscriptions_of(settings: Settings, client_id: str) -> list[DurableSubscription]:
    return [one for one in operations.contents(settings).subscriptions if one.client_id == client_id]


def remember(settings: Settings, client_id: str, topic: str) -> None:
    """Write the identity file of an agent that has served at this broker."""
    broker = settings.broker
    place = f"{broker.host}:{broker.port}" if broker else "embedded"
    identity = {"name": "data-agent", "client_id": client_id, "known_to": [place], "topics": [topic]}
    folder = settings.state_dir / "agents"
    folder.mkdir(exist_ok=True)
    (folder / "demo@data.json").write_text(json.dumps({"database": identity}))


def test_contents_queue_with_messages_has_count_size_age_and_consumers(settings: Settings, name: str) -> None:
    queue = f"/queue/{name}"
    with broker_client(settings) as client:
        put(client, queue, 3)
        with client.subscribed(queue, {"selector": "unknown = 'x'"}):
            found = queue_of(settings, queue)
    assert (found.messages, found.consumers, found.enqueued, found.dequeued) == (3, 1, 3, 0)
    assert found.bytes is not None
    assert found.bytes > 100
    assert found.oldest_at is not None
    assert 0 <= (datetime.now(UTC) - found.oldest_at).total_seconds() < 60


def test_contents_store_has_size_and_limit(settings: Settings) -> None:
    store = operations.contents(settings).store
    assert store is not None
    assert 0 < store.bytes < store.limit_bytes
    assert not store.refusal


def test_contents_topic_with_subscriber_counts_it(settings: Settings, name: str) -> None:
    with broker_client(settings) as client, client.subscribed(f"/topic/{name}"):
        topics = {one.destination: one.consumers for one in operations.contents(settings).topics}
    assert topics[f"/topic/{name}"] == 1


def test_contents_connected_durable_subscription_is_active(settings: Settings, name: str) -> None:
    topic = f"/topic/{name}"
    headers = {"activemq.subscriptionName": "events", "selector": "namespace = 'demo'"}
    with broker_client(settings, client_id=name) as client, client.subscribed(topic, headers):
        (found,) = subscriptions_of(settings, name)
        with pytest.raises(Refused, match="in use"):
            operations.drop(settings, Target(client_id=name, name="events"))
    assert (found.name, found.destination, found.active) == ("events", topic, True)
    assert found.selector == "namespace = 'demo'"
    operations.drop(settings, Target(client_id=name, name="events"))


def test_drop_abandoned_subscription_of_this_home_is_found_and_removed(settings: Settings, name: str) -> None:
    topic = f"/topic/{name}"
    abandon(settings, topic, name, f"topic.{name}", 5)
    remember(settings, name, topic)
    (found,) = subscriptions_of(settings, name)
    assert (found.name, found.destination, found.active) == (f"topic.{name}", topic, False)
    assert found.agent == "demo@data"
    if is_embedded(settings):
        assert found.messages == 5
        assert found.bytes is not None
        assert found.bytes > 500
    (removal,) = operations.drop(settings, Target(client_id=name))
    assert removal.target == f"{name} topic.{name}"
    assert removal.messages == (5 if is_embedded(settings) else None)
    assert subscriptions_of(settings, name) == []
    with pytest.raises(UsageError, match=name):
        operations.drop(settings, Target(client_id=name, name=f"topic.{name}"))


def test_contents_abandoned_subscription_of_another_home_is_told(settings: Settings, name: str) -> None:
    abandon(settings, f"/topic/{name}", name, "events", 2)
    found = operations.contents(settings)
    if is_embedded(settings):
        assert [one.name for one in found.subscriptions if one.client_id == name] == ["events"]
    else:
        (note,) = [one for one in found.notes if one.startswith(f"/topic/{name}: ")]
        assert "1 durable subscription without a client" in note
    operations.drop(settings, Target(client_id=name, name="events"))
    assert f"/topic/{name}: " not in "".join(operations.contents(settings).notes)


def test_drop_queue_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError, match="only durable subscriptions are dropped"):
        operations.drop(settings, Target("/queue/some"))


def test_browse_queue_leaves_messages_where_they_are(settings: Settings, name: str) -> None:
    queue = f"/queue/{name}"
    with broker_client(settings) as client:
        put(client, queue, 4, namespace="demo")
    found = operations.browse(settings, Target(queue), 3)
    assert [json.loads(one.body)["number"] for one in found] == [0, 1, 2]
    assert {one.msg_type for one in found} == {"stf_ready"}
    assert {one.headers["namespace"] for one in found} == {"demo"}
    assert queue_of(settings, queue).messages == 4


def test_browse_durable_subscription_shows_its_backlog_or_says_where(settings: Settings, name: str) -> None:
    abandon(settings, f"/topic/{name}", name, "events", 3)
    target = Target(client_id=name, name="events")
    if is_embedded(settings):
        assert [json.loads(one.body)["number"] for one in operations.browse(settings, target)] == [0, 1, 2]
    else:
        with pytest.raises(Refused, match="web console"):
            operations.browse(settings, target)
    operations.drop(settings, target)


def test_purge_queue_removes_every_message(settings: Settings, name: str) -> None:
    queue = f"/queue/{name}"
    with broker_client(settings) as client:
        put(client, queue, 250)
    (removal,) = operations.purge(settings, Target(queue))
    assert removal.messages == 250
    assert queue_of(settings, queue).messages == 0


def test_purge_durable_subscription_empties_it_or_says_how(settings: Settings, name: str) -> None:
    abandon(settings, f"/topic/{name}", name, "events", 3)
    target = Target(client_id=name, name="events")
    if is_embedded(settings):
        assert [one.messages for one in operations.purge(settings, target)] == [3]
        assert [one.messages for one in subscriptions_of(settings, name)] == [0]
    else:
        with pytest.raises(Refused, match="swf-console broker drop"):
            operations.purge(settings, target)
    operations.drop(settings, target)


def test_compact_embedded_gives_space_back(embedded_settings: Settings, name: str) -> None:
    with broker_client(embedded_settings) as client:
        put(client, f"/queue/{name}", 300, filler="x" * 2000)
    operations.purge(embedded_settings, Target(f"/queue/{name}"))
    done = operations.compact(embedded_settings)
    assert done.after_bytes < done.before_bytes


@pytest.mark.activemq
def test_compact_activemq_is_refused_with_the_reason(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="by itself"):
        operations.compact(activemq_home(tmp_path, request.getfixturevalue("activemq")))


def test_resend_dead_letter_goes_to_its_original_destination(settings: Settings, name: str) -> None:
    queue = f"/queue/{name}"
    with broker_client(settings) as client:
        put_dead_letter(client, queue, test=name)
    (letter,) = [one for one in operations.browse(settings, LETTERS) if one.headers.get("test") == name]
    assert (letter.original_destination, letter.cause) == (queue, CAUSE)
    assert operations.resend(settings, [letter.id]) == 1
    (again,) = operations.browse(settings, Target(queue))
    assert (again.body, again.headers["test"], again.cause) == (letter.body, name, "")
    assert letter.id not in [one.id for one in operations.browse(settings, LETTERS)]


def test_resend_without_original_destination_keeps_the_letter(settings: Settings, name: str) -> None:
    with broker_client(settings) as client:
        put_dead_letter(client, "", test=name)
    (letter,) = [one for one in operations.browse(settings, LETTERS) if one.headers.get("test") == name]
    with pytest.raises(Refused, match="has no original destination"):
        operations.resend(settings, [letter.id])
    assert operations.resend(settings, [letter.id], f"/queue/{name}") == 1
    assert queue_of(settings, f"/queue/{name}").messages == 1


def test_discard_dead_letter_removes_that_one(settings: Settings, name: str) -> None:
    with broker_client(settings) as client:
        put_dead_letter(client, f"/queue/{name}", test=name)
        put_dead_letter(client, f"/queue/{name}", test=name)
    first, second = (
        one.id for one in operations.browse(settings, LETTERS) if one.headers.get("test") == name
    )
    assert operations.discard(settings, [second]) == 1
    left = operations.dead_letter_ids(settings)
    assert first in left
    assert second not in left
    operations.discard(settings, [first])


@pytest.mark.parametrize("message_id", ["unknown", "' OR 1=1 OR '", "ID:x'y"])
def test_discard_unknown_id_is_not_found(settings: Settings, message_id: str, name: str) -> None:
    with broker_client(settings) as client:
        put_dead_letter(client, f"/queue/{name}", test=name)
    before = operations.dead_letter_ids(settings)
    with pytest.raises(UsageError, match="message not found"):
        operations.discard(settings, [message_id])
    assert operations.dead_letter_ids(settings) == before


@pytest.mark.activemq
def test_contents_activemq_without_statistics_lists_names_and_says_why(tmp_path: Path) -> None:
    with service(installed_activemq("<statisticsBrokerPlugin/>", "")) as address:
        settings = activemq_home(tmp_path, address)
        with broker_client(settings, client_id="data-1") as client:
            put(client, "/queue/some", 2)
            with client.subscribed("/topic/x", {"activemq.subscriptionName": "events"}):
                found = operations.contents(settings)
        assert [(one.destination, one.messages) for one in found.queues] == [("/queue/some", None)]
        assert [(one.client_id, one.name) for one in found.subscriptions] == [("data-1", "events")]
        assert found.store is None
        assert "enable statisticsBrokerPlugin" in found.notes[0]
        assert operations.problems(settings) == []


@pytest.mark.activemq
def test_contents_activemq_account_without_rights_says_so(tmp_path: Path) -> None:
    rights = """<statisticsBrokerPlugin/>
      <authorizationPlugin><map><authorizationMap><authorizationEntries>
        <authorizationEntry queue="ActiveMQ.Statistics.&gt;" read="nobody" write="nobody" admin="nobody"/>
        <authorizationEntry topic="ActiveMQ.Advisory.&gt;" read="nobody" write="users" admin="users"/>
      </authorizationEntries></authorizationMap></map></authorizationPlugin>"""
    with service(installed_activemq("<statisticsBrokerPlugin/>", rights)) as address:
        found = operations.contents(activemq_home(tmp_path, address))
    assert found.queues == ()
    assert "enable statisticsBrokerPlugin" in found.notes[0]
    assert "may not read /topic/ActiveMQ.Advisory.>" in found.notes[1]


@contextmanager
def installed_activemq(configured: str, instead: str) -> Iterator[ActiveMQ]:
    """An ActiveMQ of this test alone, with a part of its configuration replaced. Raises ServiceMissing."""
    with ExitStack() as stack:
        directory = stack.enter_context(private_directory("activemq"))
        broker = install_activemq(directory)
        configuration = directory / "conf/activemq.xml"
        text = configuration.read_text()
        assert configured in text
        configuration.write_text(text.replace(configured, instead))
        stack.callback(broker.kill)
        broker.start()
        yield broker


def test_contents_without_a_running_broker_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachable, match="not running"):
        operations.contents(home_of(tmp_path, {}))
