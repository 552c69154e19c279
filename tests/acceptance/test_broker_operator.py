"""An agent that does not come back: its durable subscription is found and removed on both brokers."""

import json
import signal
import sys

from ..support.processes.site import Site


def rows(site: Site, *arguments: str) -> list[dict[str, object]]:
    """The objects that a command prints with --json."""
    done = site.run(*arguments, "--json")
    assert done.returncode == 0, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def subscriptions(site: Site) -> list[dict[str, object]]:
    """Those of the data agent of this home."""
    found = rows(site, "broker", "subscriptions")
    return [one for one in found if one["agent"] == f"{site.namespace}@data"]


def test_broker_subscription_of_a_gone_agent_is_found_and_removed(site: Site) -> None:
    agent = site.start("agents/example_data_agent.py", program=(sys.executable,))
    site.wait_rows("SELECT * FROM swf_systemagent WHERE operational_state = 'READY' AND agent_type = 'data'")
    (connected,) = subscriptions(site)
    assert (connected["name"], connected["active"]) == ("topic.epictopic", True)
    client_id = str(connected["client_id"])
    in_use = site.run("broker", "drop", client_id, "topic.epictopic", "--yes")
    assert in_use.returncode == 5
    assert "in use" in in_use.stderr

    agent.send(signal.SIGTERM)
    agent.wait(20)
    site.workflow("--stf-count", "3")
    (gone,) = subscriptions(site)
    assert (gone["client_id"], gone["active"]) == (client_id, False)
    if site.activemq is None:
        assert gone["messages"] == 6  # run_imminent, start_run, three of stf_gen, end_run

    dropped = site.run("broker", "drop", client_id, "--yes")
    assert dropped.returncode == 0, dropped
    assert f"dropped {client_id} topic.epictopic" in dropped.stdout
    assert subscriptions(site) == []
