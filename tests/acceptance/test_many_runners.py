"""Many processes of one home, or of one database, started at the same time."""

import os

import pytest

from ..support.processes.foreground import ForegroundProcess, ProcessResult
from ..support.processes.site import Site, report_of

RUNNERS = 8
# Twenty rounds are what a release is measured by; each takes some seconds.
ROUNDS = int(os.environ.get("SWF_TEST_ROUNDS", "2"))
EIGHT_MINUTES = 480


def started(site: Site) -> list[ForegroundProcess]:
    return [site.start_run("--stf-count", "3") for _ in range(RUNNERS)]


def ended(processes: list[ForegroundProcess]) -> list[ProcessResult]:
    """Their ends, each of which has to be good."""
    done = [process.wait(120) for process in processes]
    assert [one.returncode for one in done] == [0] * RUNNERS, done
    return done


def check_distinct(site: Site, done: list[ProcessResult]) -> None:
    """As many execution ids, run numbers and agents as runs, each run with all of its messages."""
    reports = [report_of(one) for one in done]
    assert len({report["execution_id"] for report in reports}) == len(reports)
    assert len({report["run_id"] for report in reports}) == len(reports)
    executions = site.executions()
    assert {one["execution_id"] for one in executions} == {report["execution_id"] for report in reports}
    assert {one["status"] for one in executions} == {"completed"}
    agents = site.rows("SELECT instance_name, status FROM swf_systemagent")
    assert len(agents) == len(reports)
    assert {agent["status"] for agent in agents} == {"EXITED"}
    counts = site.rows(
        "SELECT execution_id, count(*) AS count, count(delivered_at) AS delivered FROM swf_workflow_messages"
        " WHERE namespace = ? GROUP BY execution_id",
        site.namespace,
    )
    assert [(one["count"], one["delivered"]) for one in counts] == [(6, 6)] * len(reports)
    definitions = site.rows("SELECT workflow_name, version FROM swf_workflow_definitions")
    assert len(definitions) == 1
    assert all(one.stderr == "" for one in done)


@pytest.mark.timeout(EIGHT_MINUTES)
def test_runners_eight_at_once_share_only_broker(site: Site) -> None:
    done: list[ProcessResult] = []
    with site.listen() as subscriber:
        for _ in range(ROUNDS):
            done += ended(started(site))
        subscriber.wait(6 * len(done))
    check_distinct(site, done)
    assert subscriber.arrivals == 6 * len(done)
    for report in map(report_of, done):
        heard = [one for one in subscriber.messages if one["execution_id"] == report["execution_id"]]
        assert [one["msg_type"] for one in heard] == [
            "run_imminent", "start_run", "stf_gen", "stf_gen", "stf_gen", "end_run",
        ]  # fmt: skip


def test_runners_eight_in_new_home_start_one_broker(embedded_site: Site) -> None:
    check_distinct(embedded_site, ended(started(embedded_site)))


@pytest.mark.timeout(EIGHT_MINUTES)
def test_run_started_while_broker_stops_has_broker(embedded_site: Site) -> None:
    done: list[ProcessResult] = []
    for _ in range(ROUNDS // 2):
        processes = []
        for _ in range(RUNNERS):
            processes.append(embedded_site.start_run("--stf-count", "3"))
            processes[-1].wait_for("execution_id")  # the report: its broker is about to end
        done += ended(processes)
    check_distinct(embedded_site, done)
