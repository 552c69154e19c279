"""A process that sleeps longer than its lease: another closes its execution, and it sends nothing more."""

import signal

from ..support.processes.site import NO_DELAYS, Site, report_of
from ..support.waiting import wait_for

LONG = ["--realtime", "--stf-count", "10000", "--stf-interval", "0.02", *NO_DELAYS]
SHORT_LEASE = {"SWF_LEASE_SECONDS": "2"}


def test_run_paused_longer_than_its_lease_records_and_sends_nothing_more(site: Site) -> None:
    with site.listen() as subscriber:
        process = site.start_run(*LONG, environment=SHORT_LEASE)
        execution_id = site.running()
        subscriber.wait(20)
        process.send(signal.SIGSTOP)

        def closed() -> bool:
            assert site.run("executions", "list").returncode == 0
            return bool(site.execution(execution_id)["status"] == "failed")

        wait_for(closed, timeout=30, every=0.5)
        subscriber.wait_for_type("end_run")
        process.send(signal.SIGCONT)
        done = process.wait(30)
        heard = subscriber.types
    report = report_of(done)
    assert done.returncode == 1
    assert (report["status"], report["error_message"]) == (
        "failed",
        "lease lost: another process closed this execution",
    )
    recorded = [row["message_type"] for row in site.messages(execution_id)]
    assert recorded.count("end_run") == heard.count("end_run") == 1
    assert recorded[-1] == "end_run"
    assert "stopped responding" in site.execution(execution_id)["error_message"]
    # what was recorded and not sent was sent before the end_run; the one write in progress may come later
    assert set(heard[heard.index("end_run") + 1 :]) <= {"stf_gen"}
    assert len(heard) - heard.index("end_run") <= 2
