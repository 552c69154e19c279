"""The services of the tests do what other tests rely on."""

import threading

import psycopg2
import pytest
import stomp

from tests.support.activemq import ActiveMQ, ActiveMQAddress
from tests.support.activemq import answers as broker_answers
from tests.support.postgresql import PostgreSQL, PostgreSQLServer
from tests.support.waiting import wait_for


class Inbox(stomp.ConnectionListener):
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.errors: list[str] = []
        self.receipts = threading.Event()

    def on_message(self, frame: stomp.utils.Frame) -> None:
        self.bodies.append(frame.body)

    def on_error(self, frame: stomp.utils.Frame) -> None:
        self.errors.append(frame.body)

    def on_receipt(self, _frame: stomp.utils.Frame) -> None:
        self.receipts.set()


def open_connection(broker: ActiveMQAddress, port: int | None = None) -> tuple[stomp.Connection12, Inbox]:
    """A connection of the library's own, with what it receives."""
    connection = stomp.Connection12([(broker.host, port or broker.port)])
    inbox = Inbox()
    connection.set_listener("inbox", inbox)
    return connection, inbox


@pytest.mark.activemq
def test_activemq_killed_keeps_persistent_message(private_activemq: ActiveMQ) -> None:
    connection, inbox = open_connection(private_activemq)
    connection.connect(private_activemq.user, private_activemq.password, wait=True)
    connection.send("/queue/kept", "body", headers={"persistent": "true", "receipt": "1"})
    assert inbox.receipts.wait(10)
    private_activemq.kill()
    assert not private_activemq.running
    private_activemq.start()

    connection, inbox = open_connection(private_activemq)
    connection.connect(private_activemq.user, private_activemq.password, wait=True)
    connection.subscribe("/queue/kept", id="1", ack="auto")
    wait_for(lambda: inbox.bodies == ["body"])
    connection.disconnect()


@pytest.mark.activemq
@pytest.mark.parametrize("mutual", [False, True])
def test_activemq_over_tls_delivers(activemq: ActiveMQAddress, mutual: bool) -> None:
    port = activemq.mutual_tls_port if mutual else activemq.tls_port
    connection, inbox = open_connection(activemq, port)
    client = {"cert_file": str(activemq.cert_file), "key_file": str(activemq.key_file)} if mutual else {}
    connection.set_ssl([(activemq.host, port)], ca_certs=str(activemq.ca_file), **client)
    connection.connect(activemq.user, activemq.password, wait=True)
    connection.subscribe("/topic/tls", id="1", ack="auto", headers={"receipt": "1"})
    assert inbox.receipts.wait(10)
    connection.send("/topic/tls", "over tls")
    wait_for(lambda: inbox.bodies == ["over tls"])
    connection.disconnect()


@pytest.mark.activemq
def test_activemq_has_advisories_statistics_and_virtual_topics(activemq: ActiveMQAddress) -> None:
    connection, inbox = open_connection(activemq)
    connection.connect(activemq.user, activemq.password, wait=True)
    connection.subscribe(
        "/topic/ActiveMQ.Advisory.Connection", id="1", headers={"transformation": "jms-json"}
    )
    connection.subscribe("/temp-queue/stats", id="2", headers={"transformation": "jms-map-json"})
    connection.send("/queue/ActiveMQ.Statistics.Broker", "", headers={"reply-to": "/temp-queue/stats"})
    wait_for(lambda: any("storeUsage" in body for body in inbox.bodies))
    wait_for(lambda: any("ConnectionInfo" in body for body in inbox.bodies))
    connection.subscribe("/queue/Consumer.agent.virtual", id="3", ack="auto", headers={"receipt": "1"})
    assert inbox.receipts.wait(10)
    connection.send("/topic/virtual", "to the queue")
    wait_for(lambda: "to the queue" in inbox.bodies)
    connection.disconnect()


@pytest.mark.activemq
def test_activemq_frozen_does_not_answer_until_thawed(private_activemq: ActiveMQ) -> None:
    private_activemq.freeze()
    assert not broker_answers(private_activemq)
    private_activemq.thaw()
    wait_for(lambda: broker_answers(private_activemq))


@pytest.mark.postgresql
def test_postgresql_fresh_database_is_empty_and_dropped(
    postgresql: PostgreSQLServer, postgresql_url: str
) -> None:
    with postgresql.fresh_database() as other:
        assert other != postgresql_url
        connection = psycopg2.connect(other)
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_tables where schemaname = 'public'")
            assert cursor.fetchone() == (0,)
        connection.close()
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(other)


@pytest.mark.postgresql
def test_postgresql_killed_keeps_committed_row(private_postgresql: PostgreSQL) -> None:
    url = private_postgresql.url(private_postgresql.create_database())
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("create table kept (n int)")
        cursor.execute("insert into kept values (1)")
    connection.close()
    private_postgresql.kill()
    assert not private_postgresql.answers()
    private_postgresql.start()
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("select n from kept")
        assert cursor.fetchone() == (1,)
    connection.close()


@pytest.mark.postgresql
def test_postgresql_frozen_with_client_can_be_stopped(private_postgresql: PostgreSQL) -> None:
    connection = psycopg2.connect(private_postgresql.admin_url)
    private_postgresql.freeze()
    private_postgresql.stop()
    assert not private_postgresql.running
    connection.close()
    private_postgresql.start()
    assert private_postgresql.answers()
