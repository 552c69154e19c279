"""A command that is repeated with its request id runs once, whichever runner hears it."""

import json
import re
import signal

from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import NO_DELAYS, Site, report_of

RUN = ("control", "run", "--json", "--workflow", "stf_datataking", "--stf-count", "2", *NO_DELAYS)


def end(*runners: ForegroundProcess) -> None:
    for runner in runners:
        runner.send(signal.SIGTERM)
    for runner in runners:
        assert runner.wait(20).returncode == 0


def test_control_run_repeated_request_id_runs_once_on_any_runner(site: Site) -> None:
    runners = [site.start("runner") for _ in range(2)]
    for runner in runners:
        runner.wait_for("serves namespace")
    answers = [report_of(site.run(*RUN, "--request-id", "campaign-7")) for _ in range(4)]
    assert {one["execution_id"] for one in answers} == {answers[0]["execution_id"]}
    assert [bool(one.get("repeated")) for one in answers] == [False, True, True, True]
    assert {one["request_id"] for one in answers} == {"campaign-7"}
    other = report_of(site.run(*RUN))
    assert other["execution_id"] != answers[0]["execution_id"]
    site.wait_status(answers[0]["execution_id"], "completed")
    site.wait_status(other["execution_id"], "completed")
    assert len(site.executions()) == 2
    end(*runners)


def test_control_run_timeout_prints_the_request_id_that_repeats_it(embedded_site: Site) -> None:
    embedded_site.broker.start()
    late = embedded_site.run(*RUN, "--timeout", "0.5")
    assert late.returncode == 4
    found = re.search(r"--request-id ([0-9a-f]{32})", late.stderr)
    assert found is not None, late
    assert found[1] in json.loads(late.stdout)["error"] + json.loads(late.stdout)["advice"]
    runner = embedded_site.start("runner")
    runner.wait_for("serves namespace")
    (row,) = embedded_site.wait_rows("SELECT execution_id FROM swf_workflow_executions")
    again = report_of(embedded_site.run(*RUN, "--request-id", found[1]))
    assert (again["execution_id"], again["repeated"]) == (row["execution_id"], True)
    embedded_site.wait_status(row["execution_id"], "completed")
    assert len(embedded_site.executions()) == 1
    end(runner)
