"""The main job: a workflow runs from configuration to database, with real messages on a real broker."""

import hashlib
import json
import socket
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from ..support.activemq import ActiveMQAddress
from ..support.certificates import make_authority
from ..support.processes.site import Row, Site, document, report_of
from ..support.stomp_server import Server
from .conftest import watched

CONFIGURATION = ("--workflow-config", "fast_processing_default")
TEN_STFS = ["run_imminent", "start_run", *["stf_gen"] * 10, "end_run"]
ONE_PERIOD = [
    ("no_beam", "not_ready"),
    ("beam", "not_ready"),
    ("beam", "ready"),
    ("run", "physics"),
    ("beam", "not_ready"),
    ("no_beam", "not_ready"),
]
TWO_PERIODS = [*ONE_PERIOD[:4], ("run", "standby"), ("run", "physics"), *ONE_PERIOD[4:]]


def states(site: Site, report: Row) -> list[tuple[str, str]]:
    return [(row["state"], row["substate"]) for row in site.events(report["run_id"])]


def test_run_ten_stfs_send_thirteen_messages(site: Site) -> None:
    with site.listen() as subscriber:
        report = site.workflow(*CONFIGURATION, "--stf-count", "10")
        last = subscriber.wait_for_type("end_run")
        site.workflow("--stf-count", "1")
        subscriber.wait(13 + 4)
    heard = subscriber.messages[:13]

    assert subscriber.arrivals == 13 + 4
    assert [message["msg_type"] for message in heard] == TEN_STFS
    stfs = heard[2:12]
    assert [message["sequence"] for message in stfs] == list(range(1, 11))
    run_id = report["run_id"]
    assert [message["filename"] for message in stfs] == [f"swf.{run_id}.{n:06d}.stf" for n in range(1, 11)]
    assert (last["total_stf_files"], last["total_files"], last["reason"]) == (10, 10, "completed")
    ticks = [message["simulation_tick"] for message in heard]
    assert ticks == sorted(ticks)
    for message in heard:
        assert message["execution_id"] == report["execution_id"]
        assert (message["run_id"], message["namespace"]) == (run_id, site.namespace)
        assert message["sender"].startswith("STF_Datataking-agent-shifter-")
        assert datetime.fromisoformat(message["timestamp"])


def test_run_messages_have_selector_headers(site: Site) -> None:
    with site.listen() as subscriber:
        report = site.workflow("--stf-count", "2")
        subscriber.wait(5)
    for frame in subscriber.frames:
        body = json.loads(frame.body)
        if body["namespace"] != site.namespace:
            continue
        assert frame.headers["persistent"] == "true"
        assert frame.headers["msg_type"] == body["msg_type"]
        assert frame.headers["namespace"] == site.namespace
        assert frame.headers["run_id"] == report["run_id"]
        assert frame.headers["execution_id"] == report["execution_id"]
        assert len(frame.headers["swf_message_id"]) == 36


def test_run_execution_is_stored_repeatable(site: Site) -> None:
    report = site.workflow(*CONFIGURATION, "--stf-count", "10", "--stf-interval", "1.5")

    (execution,) = site.executions()
    assert execution["execution_id"] == report["execution_id"]
    assert (execution["status"], execution["executed_by"]) == ("completed", "shifter")
    assert (execution["error_message"], execution["stack_trace"]) == (None, None)
    assert execution["end_time"] >= execution["start_time"]
    parameters = execution["parameter_values"]
    workflow = parameters["workflow"]
    assert (workflow["name"], workflow["version"]) == ("stf_datataking", "1.1")
    assert workflow["description"] == "STF datataking workflow for fast processing"
    assert workflow["configuration"] == "fast_processing_default"
    assert parameters["daq_state_machine"]["beam_ready_delay"] == 2.0
    assert parameters["fast_processing"]["target_worker_count"] == 30
    provenance = execution["execution_environment"]["provenance"]
    place = provenance["fast_processing.target_worker_count"]
    assert place["origin"] == "fast_processing_default.toml"
    lines = (site.home / "workflows" / place["origin"]).read_text().splitlines()
    assert lines[place["line"] - 1].startswith("target_worker_count")
    assert "--stf-interval" in [entry["origin"] for entry in provenance.values()]


def test_run_execution_has_metrics(site: Site) -> None:
    report = site.workflow(*CONFIGURATION, "--stf-count", "10")

    metrics = site.execution(report["execution_id"])["performance_metrics"]
    assert metrics == report["performance_metrics"]
    assert (metrics["stf_count"], metrics["messages"], metrics["undelivered"]) == (10, 13, 0)
    assert metrics["messages_by_type"] == {"run_imminent": 1, "start_run": 1, "stf_gen": 10, "end_run": 1}
    assert metrics["simulated_seconds"] == pytest.approx(34.8)
    assert (metrics["reason"], metrics["run_number"]) == ("completed", int(report["run_id"]))
    assert all(metrics["publish_latency"][name] > 0 for name in ("p50", "p95", "p99"))
    assert metrics["wall_seconds"] > 0
    assert metrics["database_seconds"] > 0


def test_run_execution_has_environment(site: Site) -> None:
    report = site.workflow(*CONFIGURATION)

    execution = site.execution(report["execution_id"])
    environment: dict[str, Any] = execution["execution_environment"]
    code = (site.home / "workflows" / "stf_datataking.py").read_text()
    assert environment["workflow"]["sha256"] == hashlib.sha256(code.encode()).hexdigest()
    assert execution["definition"] == code
    assert environment["packages"]["simpy"] == version("simpy")
    assert (environment["user"], environment["host"]) == ("shifter", socket.gethostname())
    assert isinstance(environment["pid"], int)
    assert environment["python"].startswith("3.")
    # The home of a test is in no git repository, and that is what is recorded.
    source = environment["source"]
    assert {"organisation", "repository", "path", "branch", "commit", "tag", "dirty"} <= set(source)
    assert source["commit"] is None
    told = json.dumps(environment)
    for secret in (site.address().password, (site.postgresql_url or "://:no-password@").split(":")[2]):
        assert secret.split("@")[0] not in told


def test_run_messages_are_recorded_as_delivered(site: Site) -> None:
    with site.listen() as subscriber:
        report = site.workflow("--stf-count", "10")
        subscriber.wait(13)
    recorded = site.messages(report["execution_id"])
    assert [row["message_type"] for row in recorded] == TEN_STFS
    assert all(row["delivered_at"] for row in recorded)
    assert {row["namespace"] for row in recorded} == {site.namespace}
    assert {row["queue_name"] for row in recorded} == {"/topic/epictopic"}
    assert {str(row["run_id"]) for row in recorded} == {report["run_id"]}
    assert [document(row["message_content"]) for row in recorded] == subscriber.messages


def test_run_physics_periods_determine_state_events(site: Site) -> None:
    one = site.workflow("--stf-count", "4")
    two = site.workflow("--stf-count", "4", "--physics-period-count", "2")
    assert states(site, one) == ONE_PERIOD
    assert states(site, two) == TWO_PERIODS
    for report in (one, two):
        (state,) = site.rows("SELECT * FROM swf_run_state WHERE run_number = ?", int(report["run_id"]))
        assert (state["phase"], state["state"], state["substate"]) == ("ended", "no_beam", "not_ready")


def test_run_without_broker_starts_and_stops_one(embedded_site: Site) -> None:
    report = embedded_site.workflow("--stf-count", "10")
    assert report["performance_metrics"]["undelivered"] == 0
    assert [row["message_type"] for row in embedded_site.messages(report["execution_id"])] == TEN_STFS
    assert embedded_site.left_behind() == {}


@pytest.fixture
def tls_site(new_home: Path, activemq: ActiveMQAddress) -> Iterator[Site]:
    """A home whose broker is reached over TLS, and looked at in plain text."""
    with watched(Site(new_home, activemq=activemq)) as made:
        made.environment |= activemq.environment(tls=True)
        yield made


@pytest.mark.activemq
@pytest.mark.parametrize("mutual", [False, True], ids=["server certificate", "client certificate too"])
def test_run_over_tls_sends_same_messages(tls_site: Site, activemq: ActiveMQAddress, mutual: bool) -> None:
    tls_site.environment |= activemq.environment(tls=True, mutual=mutual)
    with tls_site.listen() as subscriber:
        report = tls_site.workflow("--stf-count", "10")
        subscriber.wait(13)
    assert subscriber.types == TEN_STFS
    assert all(row["delivered_at"] for row in tls_site.messages(report["execution_id"]))


@pytest.mark.activemq
def test_run_over_tls_unknown_authority_is_refused(tls_site: Site, tmp_path: Path) -> None:
    other = make_authority(tmp_path / "other")
    tls_site.environment["ACTIVEMQ_SSL_CA_CERTS"] = str(other.cert_file)
    with tls_site.listen() as subscriber:
        done = tls_site.start_run("--stf-count", "2").wait()
        tls_site.environment |= {"ACTIVEMQ_USE_SSL": "false", "ACTIVEMQ_PORT": str(tls_site.address().port)}
        tls_site.workflow("--stf-count", "1")
        subscriber.wait(4)
    assert done.returncode == 3
    assert "certificate" in done.stderr
    assert "ACTIVEMQ_SSL_CA_CERTS" in done.stderr
    assert report_of(done)["exit_code"] == 3
    assert subscriber.arrivals == 4
    assert len(tls_site.executions()) == 1


def test_run_over_tls_failure_sends_no_plain_text(embedded_site: Site) -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))
        connection.shutdown(socket.SHUT_RDWR)

    with Server(listen) as server:
        embedded_site.environment |= {
            "ACTIVEMQ_HOST": server.host,
            "ACTIVEMQ_PORT": str(server.port),
            "ACTIVEMQ_USER": "swf",
            "ACTIVEMQ_PASSWORD": "a secret of the broker",
            "ACTIVEMQ_USE_SSL": "true",
        }
        done = embedded_site.run("--run", "stf_datataking")
    assert done.returncode == 3
    assert "closed in the handshake. Check that" in done.stderr
    assert "there is no fallback to plain text" in done.stderr
    assert embedded_site.executions() == []
    assert heard
    for greeting in heard:
        assert greeting.startswith(b"\x16\x03")  # a TLS handshake record
        assert b"CONNECT" not in greeting
        assert b"secret" not in greeting
