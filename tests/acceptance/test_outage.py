"""Brokers that stop, die and freeze during a run: nothing is lost or wrongly marked as delivered."""

import os
import re
import uuid
from collections.abc import Iterator

import pytest

from ..support.independent_client import IndependentClient
from ..support.processes.broker import BrokerProcess
from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import NO_DELAYS, Row, Site, report_of
from ..support.proxy import Proxy
from ..support.waiting import wait_for

# What a release is measured by is an outage of ten seconds.
OUTAGE_SECONDS = float(os.environ.get("SWF_TEST_OUTAGE_SECONDS", "1"))
PER_SECOND = 50
# The pace of a run, and how many messages have to wait for the broker before it comes back.
PACES = {
    "realtime": (
        ["--realtime", "--stf-interval", str(1 / PER_SECOND), *NO_DELAYS],
        OUTAGE_SECONDS * PER_SECOND,
    ),
    "fast": (["--no-realtime"], 500),
}
STFS = {"realtime": int((OUTAGE_SECONDS + 3) * PER_SECOND), "fast": 5000}
REALTIME, WAITING = PACES["realtime"]
LASTING = STFS["realtime"]
DURABLE = {"ack": "client", "activemq.subscriptionName": "abandoned"}
BEYOND_HEARTBEATS = 12 * PER_SECOND


@pytest.fixture
def subscriber(fragile_site: Site) -> Iterator[IndependentClient]:
    with fragile_site.listen() as client:
        yield client


def begin(site: Site, subscriber: IndependentClient, stf_count: int, *arguments: str) -> ForegroundProcess:
    """A run of which a part has been heard."""
    process = site.start_run("--stf-count", str(stf_count), *arguments)
    subscriber.wait(30)
    assert process.running
    return process


def count(site: Site, condition: str) -> int:
    (row,) = site.rows(
        f"SELECT count(*) AS count FROM swf_workflow_messages WHERE namespace = ? AND {condition}",
        site.namespace,
    )
    return int(row["count"])


def undelivered(site: Site) -> int:
    return count(site, "delivered_at IS NULL")


def wait_undelivered(site: Site, messages: float, timeout: float = 60.0) -> None:
    """Return once so many messages wait for the broker."""
    wait_for(lambda: undelivered(site) >= messages, timeout, every=0.05)


def check_complete(
    site: Site, subscriber: IndependentClient, process: ForegroundProcess, stf_count: int
) -> Row:
    """The execution completed; every message was heard once, in order, and is recorded as delivered."""
    done = process.wait(90)
    assert done.returncode == 0, done
    report = report_of(done)
    assert report["performance_metrics"]["undelivered"] == 0
    subscriber.wait_for_type("end_run", 60)
    assert subscriber.types == ["run_imminent", "start_run", *["stf_gen"] * stf_count, "end_run"]
    stfs = subscriber.messages[2:-1]
    assert [message["sequence"] for message in stfs] == list(range(1, stf_count + 1))
    recorded = site.rows(
        "SELECT message_id, delivered_at FROM swf_workflow_messages WHERE namespace = ?", site.namespace
    )
    assert {uuid.UUID(str(row["message_id"])) for row in recorded} == subscriber.ids
    assert len(recorded) == stf_count + 3
    assert all(row["delivered_at"] for row in recorded)
    assert site.execution(report["execution_id"])["status"] == "completed"
    return report


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_run_broker_restarted_loses_nothing(
    fragile_site: Site, subscriber: IndependentClient, how: str, pace: str
) -> None:
    arguments, waiting = PACES[pace]
    process = begin(fragile_site, subscriber, STFS[pace], *arguments)
    getattr(fragile_site.broker, how)()
    wait_undelivered(fragile_site, waiting)
    assert process.running
    fragile_site.broker.start()
    check_complete(fragile_site, subscriber, process, STFS[pace])


@pytest.mark.parametrize("fragile_site", ["embedded"], indirect=True)
def test_run_broker_restarted_repeatedly_loses_nothing(
    fragile_site: Site, subscriber: IndependentClient
) -> None:
    process = begin(fragile_site, subscriber, 250, *REALTIME)
    for already in (50, 120):
        subscriber.wait(already)
        fragile_site.broker.kill()
        wait_undelivered(fragile_site, 10)
        fragile_site.broker.start()
    check_complete(fragile_site, subscriber, process, 250)


def test_run_broker_frozen_loses_nothing(fragile_site: Site, subscriber: IndependentClient) -> None:
    process = begin(fragile_site, subscriber, LASTING, *REALTIME)
    fragile_site.broker.freeze()
    wait_undelivered(fragile_site, PER_SECOND)  # receipts that were on their way have arrived by now
    delivered = count(fragile_site, "delivered_at IS NOT NULL")
    wait_undelivered(fragile_site, PER_SECOND + WAITING)
    assert count(fragile_site, "delivered_at IS NOT NULL") == delivered
    assert process.running
    fragile_site.broker.thaw()
    check_complete(fragile_site, subscriber, process, LASTING)


def test_run_broker_frozen_then_killed_confirms_nothing(
    fragile_site: Site, subscriber: IndependentClient
) -> None:
    process = begin(fragile_site, subscriber, LASTING, *REALTIME)
    fragile_site.broker.freeze()
    wait_undelivered(fragile_site, WAITING)
    fragile_site.broker.kill()
    fragile_site.broker.start()
    check_complete(fragile_site, subscriber, process, LASTING)


@pytest.fixture
def proxy(fragile_site: Site) -> Iterator[Proxy]:
    """The network between runs and the broker; the subscriber's own goes past it."""
    address = fragile_site.address()
    with Proxy(address.host, address.port) as made:
        fragile_site.environment |= {
            "ACTIVEMQ_HOST": made.host,
            "ACTIVEMQ_PORT": str(made.port),
            "ACTIVEMQ_USER": address.user,
            "ACTIVEMQ_PASSWORD": address.password,
        }
        yield made


def check_sent_is_not_delivered(site: Site, subscriber: IndependentClient) -> None:
    """Whatever is marked delivered has been with the broker, as the subscriber can tell."""
    delivered = site.rows(
        "SELECT message_id FROM swf_workflow_messages WHERE namespace = ? AND delivered_at IS NOT NULL",
        site.namespace,
    )
    marked = {uuid.UUID(str(row["message_id"])) for row in delivered}
    wait_for(lambda: marked <= subscriber.ids)
    assert undelivered(site) > 0


@pytest.mark.parametrize("pace", PACES)
def test_run_network_frozen_loses_nothing(
    fragile_site: Site, subscriber: IndependentClient, proxy: Proxy, pace: str
) -> None:
    arguments, waiting = PACES[pace]
    process = begin(fragile_site, subscriber, STFS[pace], *arguments)
    proxy.freeze()
    wait_undelivered(fragile_site, waiting)
    check_sent_is_not_delivered(fragile_site, subscriber)
    assert process.running
    proxy.thaw()
    check_complete(fragile_site, subscriber, process, STFS[pace])


@pytest.mark.parametrize("fragile_site", ["embedded"], indirect=True)
def test_run_network_frozen_beyond_heartbeats_reconnects(
    fragile_site: Site, subscriber: IndependentClient, proxy: Proxy
) -> None:
    process = begin(fragile_site, subscriber, BEYOND_HEARTBEATS + 200, *REALTIME)
    proxy.freeze()
    wait_for(lambda: proxy.connections > 1, 30)
    check_sent_is_not_delivered(fragile_site, subscriber)
    proxy.thaw()
    check_complete(fragile_site, subscriber, process, BEYOND_HEARTBEATS + 200)


@pytest.mark.parametrize("fragile_site", ["embedded"], indirect=True)
def test_run_network_cut_loses_nothing(
    fragile_site: Site, subscriber: IndependentClient, proxy: Proxy
) -> None:
    process = begin(fragile_site, subscriber, 200, *REALTIME)
    for already in (50, 80, 110):
        subscriber.wait(already)
        proxy.cut()
    check_complete(fragile_site, subscriber, process, 200)
    assert proxy.connections > 3


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_run_outage_over_limit_fails_execution(
    fragile_site: Site, subscriber: IndependentClient, how: str
) -> None:
    fragile_site.environment["SWF_OUTAGE_LIMIT"] = "3"
    process = begin(fragile_site, subscriber, 5000, *REALTIME)
    getattr(fragile_site.broker, how)()
    done = process.wait(30)
    fragile_site.broker.thaw() if how == "freeze" else fragile_site.broker.start()
    assert done.returncode == 1
    report = report_of(done)
    assert report["status"] == "failed"
    assert re.search(r"could not be delivered for [3-7] s", report["error_message"])
    failed = fragile_site.execution(report["execution_id"])
    assert (failed["status"], failed["error_message"]) == ("failed", report["error_message"])
    assert failed["end_time"] is not None
    assert failed["performance_metrics"]["undelivered"] > 0


def test_runner_failure_is_sent_when_broker_returns(
    fragile_site: Site, subscriber: IndependentClient
) -> None:
    runner = fragile_site.start("runner", environment={"SWF_OUTAGE_LIMIT": "2"})
    runner.wait_for("serves namespace")
    sent = fragile_site.run(
        "control", "run", "--workflow", "stf_datataking", "--stf-count", "5000", *REALTIME
    )
    assert sent.returncode == 0, sent
    execution_id = fragile_site.running()
    subscriber.wait(30)
    fragile_site.broker.stop()
    fragile_site.wait_status(execution_id, "failed")
    fragile_site.broker.start()
    end = subscriber.wait_for_type("end_run")
    assert (end["execution_id"], end["reason"]) == (execution_id, "failed")
    sequences = [one["sequence"] for one in subscriber.messages if one["msg_type"] == "stf_gen"]
    assert sequences == list(range(1, end["total_stf_files"] + 1))
    wait_for(lambda: undelivered(fragile_site) == 0)
    again = fragile_site.run(
        "control", "run", "--workflow", "stf_datataking", "--stf-count", "2", "--no-realtime"
    )
    assert again.returncode == 0, again
    wait_for(lambda: fragile_site.executions()[-1]["status"] == "completed")
    runner.kill()


def test_run_own_broker_killed_loses_nothing(embedded_site: Site) -> None:
    process = embedded_site.start_run("--stf-count", "200", *REALTIME)
    embedded_site.wait_messages(1)
    with embedded_site.listen() as subscriber:
        subscriber.wait(30)
        (broker,) = (pid for pid, words in embedded_site.left_behind().items() if "backend.broker" in words)
        os.kill(broker, 9)
        done = process.wait()
        assert done.returncode == 0, done
        end = subscriber.wait_for_type("end_run")
    assert end["total_stf_files"] == 200
    sequences = [one["sequence"] for one in subscriber.messages if one["msg_type"] == "stf_gen"]
    assert sequences == list(range(sequences[0], 201))
    assert undelivered(embedded_site) == 0


def test_run_refused_by_full_durable_subscription_fails_with_that_reason(embedded_site: Site) -> None:
    embedded_site.state.mkdir(mode=0o700)
    broker = BrokerProcess(embedded_site.state, limits={"store_bytes": 10_000})
    broker.start()
    with broker.connect(client_id="old") as abandoned:
        abandoned.subscribe("/topic/epictopic", headers=DURABLE)
    while broker.connect().put("/topic/epictopic", "x" * 100, persistent="true").command == "RECEIPT":
        pass
    embedded_site.environment["SWF_OUTAGE_LIMIT"] = "2"
    done = embedded_site.run("--run", "stf_datataking", "--stf-count", "100", "--no-realtime", "--json")
    assert done.returncode == 1
    error = report_of(done)["error_message"]
    assert "The durable subscription 'abandoned' of client 'old' to /topic/epictopic is full" in error
    assert error.endswith("swf-console broker drop old abandoned")
    removed = embedded_site.run("broker", "drop", "old", "abandoned", "--yes")
    assert removed.returncode == 0, removed
    again = embedded_site.run("--run", "stf_datataking", "--stf-count", "100", "--no-realtime")
    assert again.returncode == 0, again
    broker.end()
