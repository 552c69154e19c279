"""A process that executes, among the agents."""

from datetime import datetime
from pathlib import Path

import pytest

from swf_console.backend.core.settings import Settings
from swf_console.backend.database import agents, open_database
from swf_console.backend.database.records.agents import Agent
from swf_console.backend.services.executions.registration import Registration, agent_type
from tests.support.waiting import wait_for


@pytest.mark.parametrize(
    ("workflow", "kind"),
    [
        ("stf_datataking", "STF_Datataking"),
        ("cosmics", "Cosmics"),
        ("a_very_long_workflow_name", "A_Very_Long_Workflow"),
        ("", ""),
    ],
)
def test_agent_type_from_workflow_name(workflow: str, kind: str) -> None:
    assert agent_type(workflow) == kind


def test_registration_type_follows_work_name_fixed(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    settings = Settings(tmp_path, tmp_path, user="me", host="here", database_url="")
    registration = Registration(database, settings)

    def seen() -> Agent:
        with database.read() as connection:
            (agent,) = agents.page(connection).items
        return agent

    name = registration.register("DAQ_Simulator", "demo")
    registration.working("stf_datataking")
    assert (seen().agent_type, seen().operational_state) == ("STF_Datataking", "PROCESSING")
    registration.idle("stf_datataking")
    assert (seen().agent_type, seen().operational_state) == ("DAQ_Simulator", "READY")
    registration.close()
    assert (seen().status, seen().operational_state) == ("EXITED", "EXITED")
    assert seen().instance_name == name == "DAQ_Simulator-agent-me-1"
    assert seen().namespace == "demo"
    database.close()


def test_registration_heartbeats_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swf_console.backend.agent.heartbeat.HEARTBEAT_SECONDS", 0.01)
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    settings = Settings(tmp_path, tmp_path, user="me", host="here", database_url="")
    registration = Registration(database, settings)

    def last() -> datetime | None:
        with database.read() as connection:
            (agent,) = agents.page(connection).items
        return agent.last_heartbeat

    registration.register("DAQ_Simulator", "demo")
    registration.ready()
    first = last()
    wait_for(lambda: last() != first)
    registration.close()
    database.close()
