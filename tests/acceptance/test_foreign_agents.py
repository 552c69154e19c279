"""Agents written from the two wire contracts alone, in processes of their own, do a whole run here."""

import json
import re
import shlex
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ..support import foreign_agent
from ..support.homes import CHECKOUT
from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import PYTHON, Row, Site, document
from ..support.waiting import wait_for

ROLES = ("data", "fastmon", "fast_processing", "worker", "worker")
STFS, SLICES = 4, 5
ALL_SLICES = STFS * foreign_agent.SAMPLES * SLICES
TOKEN = "token-of-foreign-agents"


@contextmanager
def monitor_of(site: Site) -> Iterator[dict[str, str]]:
    """`swf-console monitor` of a site; the variables that `swf-console env` prints beside it."""
    process = site.start("monitor", "--port", "0")
    process.wait_for("monitor on")
    (url,) = re.findall(r"http://[^;\s]+", process.output)
    wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200)
    lines = site.run("env").stdout.splitlines()
    told = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    assert told["SWF_MONITOR_URL"] == url
    yield told
    process.send(signal.SIGTERM)
    assert process.wait(20).returncode == 0
    assert "Traceback" not in process.output


@contextmanager
def foreign_agents(site: Site, told: dict[str, str], doubt: str) -> Iterator[list[ForegroundProcess]]:
    """Their processes, once each has said that it is ready."""
    more = {**told, "STRANGER_NAMESPACE": site.namespace, "STRANGER_DOUBT": doubt}
    script = Path(foreign_agent.__file__).relative_to(CHECKOUT)
    started = [
        site.start(CHECKOUT / script, role, program=[PYTHON, "-P"], environment=more) for role in ROLES
    ]
    ready = "SELECT 1 FROM swf_systemagent WHERE operational_state = 'READY' AND instance_name LIKE ?"

    def all_ready() -> bool:
        assert all(one.running for one in started), [one.output for one in started]
        return len(site.rows(ready, "%-agent-foreign-%")) == len(ROLES)

    wait_for(all_ready, 30)
    yield started
    for one in started:
        one.send(signal.SIGTERM)
        done = one.wait(20)
        assert (done.returncode, done.stderr) == (0, ""), one


@pytest.mark.parametrize("doubt", ["no", "yes"])
def test_foreign_agents_whole_run_leaves_exact_rows(fragile_site: Site, doubt: str) -> None:
    site = fragile_site  # a broker of its own: the monitor records what anybody sends
    site.environment["SWF_API_TOKEN"] = TOKEN
    with monitor_of(site) as told, foreign_agents(site, told, doubt) as started:
        report = site.workflow(
            *("--workflow-config", "fast_processing_default", "--stf-count", str(STFS)),
            *("--set", f"fast_processing.slices_per_sample={SLICES}"),
        )
        run = int(report["run_id"])

        def over() -> bool:
            assert all(one.running for one in started), [one.output for one in started]
            done = "SELECT 1 FROM swf_tf_slices WHERE run_number = ? AND completed_at IS NOT NULL"
            return len(site.rows(done, run)) == ALL_SLICES

        wait_for(over, 60)
        told_of = "SELECT metadata FROM swf_run_state WHERE run_number = ?"
        wait_for(lambda: "ended" in document(site.rows(told_of, run)[0]["metadata"]), 30)
        headers = {"Authorization": f"Token {TOKEN}"}
        state = httpx.get(f"{told['SWF_MONITOR_URL']}/api/run-states/{run}/", headers=headers).json()
        workers = "SELECT metadata FROM swf_workers WHERE run_number = ?"
        wait_for(
            lambda: all("told_of_the_end" in str(row["metadata"]) for row in site.rows(workers, run)), 30
        )
    check_slices(site, run, state)
    check_files(site, report)
    check_workers(site, run)
    check_messages(site, report)


def check_slices(site: Site, run: int, state: Row) -> None:
    rows = site.rows(
        "SELECT s.*, f.tf_filename FROM swf_tf_slices s JOIN swf_fastmon_files f"
        " ON f.tf_file_id = s.fastmon_file_id WHERE s.run_number = ?",
        run,
    )
    assert len(rows) == len({(row["tf_filename"], row["slice_id"]) for row in rows}) == ALL_SLICES
    for row in rows:
        metadata = document(row["metadata"])
        named = metadata["result"]["result"]
        assert named["tf_filename"] == f"{row['tf_filename'][:-3]}_slice_{row['slice_id']:03d}.tf"
        assert named["slice_id"] == row["slice_id"]
        assert row["status"] == ("failed" if row["slice_id"] % 4 == 3 else "completed")
        assert row["assigned_worker"] == metadata["worker_hostname"]
        assert metadata["made_by"].startswith("fast_processing-agent-foreign-")
        assert (row["tf_last"] - row["tf_first"] + 1, row["retries"]) == (row["tf_count"], 0)
    failed = STFS * foreign_agent.SAMPLES
    counters = {"slices_created": ALL_SLICES, "slices_queued": 0, "slices_processing": 0}
    counters |= {"slices_completed": ALL_SLICES - failed, "slices_failed": failed}
    counters |= {"stf_samples_received": STFS * foreign_agent.SAMPLES}
    stored = site.rows("SELECT * FROM swf_run_state WHERE run_number = ?", run)[0]
    for name, count in counters.items():
        assert (state[name], stored[name]) == (count, count), name
    assert {"agent", "started", "ended"} <= state["metadata"].keys()
    events = "SELECT event_type FROM swf_system_state_events WHERE run_number = ? AND event_type LIKE ?"
    assert Counter(row["event_type"] for row in site.rows(events, run, "stranger_%")) == {
        "stranger_run_imminent": 1,
        "stranger_start_run": 1,
        "stranger_end_run": 1,
    }


def check_files(site: Site, report: Row) -> None:
    (run,) = site.rows("SELECT * FROM swf_runs WHERE run_number = ?", int(report["run_id"]))
    assert run["end_time"] is not None
    stfs = site.rows("SELECT * FROM swf_stf_files WHERE run_id = ? ORDER BY stf_filename", run["run_id"])
    names = [f"swf.{report['run_id']}.{number:06d}.stf" for number in range(1, STFS + 1)]
    assert [row["stf_filename"] for row in stfs] == names
    assert {row["status"] for row in stfs} == {"processed"}
    assert all(document(row["metadata"]) == {"a": 1, "b": [2]} for row in stfs)
    samples = site.rows("SELECT * FROM swf_fastmon_files")
    assert len(samples) == STFS * foreign_agent.SAMPLES
    ids = Counter(str(row["stf_file_id"]) for row in samples)
    assert ids == {str(row["file_id"]): foreign_agent.SAMPLES for row in stfs}


def check_workers(site: Site, run: int) -> None:
    workers = site.rows("SELECT * FROM swf_workers WHERE run_number = ?", run)
    assert len(workers) == 2
    assert sum(row["slices_completed"] for row in workers) == ALL_SLICES
    agents = site.rows("SELECT * FROM swf_systemagent WHERE instance_name LIKE ?", "%-agent-foreign-%")
    assert len(agents) == len(ROLES)
    for row in agents:
        assert (row["status"], row["operational_state"], row["namespace"]) == (
            "EXITED",
            "EXITED",
            site.namespace,
        )
        assert {"STARTING", "READY", "EXITED"} <= document(row["metadata"]).keys()
    subscribed = site.rows("SELECT * FROM swf_subscribers WHERE subscriber_name LIKE ?", "%-foreign-%")
    assert len(subscribed) == 1 + 1 + 2 + 2 + 2


def check_messages(site: Site, report: Row) -> None:
    assert site.execution(report["execution_id"])["status"] == "completed"
    recorded = site.rows(
        "SELECT message_type, message_content, queue_name FROM swf_workflow_messages WHERE run_id = ?",
        report["run_id"],
    )
    assert Counter((row["queue_name"], row["message_type"]) for row in recorded) == {
        ("/topic/epictopic", "run_imminent"): 1,
        ("/topic/epictopic", "start_run"): 1,
        ("/topic/epictopic", "stf_gen"): STFS,
        ("/topic/epictopic", "end_run"): 1,
        ("/topic/epictopic", "stf_ready"): STFS,
        ("/topic/epictopic", "tf_file_registered"): STFS * foreign_agent.SAMPLES,
        ("/topic/panda.workers", "run_imminent_worker"): 1,
        ("/topic/panda.workers", "end_run"): 1,
    }
    sent = [document(row["message_content"]) for row in recorded if row["message_type"] == "stf_ready"]
    assert len({json.dumps(one["filename"]) for one in sent}) == STFS
