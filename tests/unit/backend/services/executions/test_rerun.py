"""An execution once more: what is asked for, and what is said of differences."""

import pytest

from swf_console.backend.core.errors import Refused, UsageError
from swf_console.backend.core.redaction import REDACTED
from swf_console.backend.database import Database
from swf_console.backend.services.configurations import composed
from swf_console.backend.services.executions.request import prepare
from swf_console.backend.services.executions.rerun import overrides_of, rerun_of
from swf_console.backend.simulation.workflow_loader import load_workflow
from tests.support.command_line import CommandLine
from tests.support.history import add_execution


def ran(console: CommandLine, home_database: Database) -> str:
    """An execution of the shipped workflow with the configuration as it is now, and 7 STFs."""
    overrides = overrides_of({"stf_processing": {"stf_count": 7}}, "--stf-count")
    composition = composed(console.settings, "stf_datataking_default", overrides)
    code = load_workflow(console.settings.workflows_dir, "stf_datataking")
    environment = {"workflow": {"sha256": code.sha256}, "realtime": True, "duration": 20.0}
    return add_execution(
        home_database, parameter_values=composition.stored(), execution_environment=environment
    )


def test_rerun_requests_same_parameters_pace_and_limit(console: CommandLine, home_database: Database) -> None:
    again = rerun_of(console.settings, home_database, ran(console, home_database))
    assert again.warnings == ()
    assert (again.request.realtime, again.request.duration) == (True, 20.0)
    prepared = prepare(console.settings, again.request)
    assert prepared.namespace == "demo"
    assert prepared.composition.parameters["stf_count"] == 7
    origin = prepared.composition.provenance["stf_processing.stf_count"].origin
    assert origin == "rerun of stf_datataking-shifter-0001"


def test_rerun_changed_configuration_keeps_parameters(console: CommandLine, home_database: Database) -> None:
    execution_id = ran(console, home_database)
    file = console.home / "workflows" / "daq_state_machine.toml"
    file.write_text(file.read_text().replace("stf_interval = 2.0", "stf_interval = 4.0"))
    again = rerun_of(console.settings, home_database, execution_id)
    assert again.warnings == ()
    assert prepare(console.settings, again.request).composition.parameters["stf_interval"] == 2.0


def test_rerun_new_parameter_warns(console: CommandLine, home_database: Database) -> None:
    execution_id = ran(console, home_database)
    file = console.home / "workflows" / "stf_datataking_default.toml"
    file.write_text(file.read_text().replace("[stf_processing]", "[stf_processing]\nstf_generation_time = 1"))
    (warning,) = rerun_of(console.settings, home_database, execution_id).warnings
    assert "stf_processing.stf_generation_time = 1 is new" in warning


def test_rerun_changed_code_warns(console: CommandLine, home_database: Database) -> None:
    execution_id = ran(console, home_database)
    file = console.home / "workflows" / "stf_datataking.py"
    file.write_text(file.read_text() + "\n")
    (warning,) = rerun_of(console.settings, home_database, execution_id).warnings
    assert "has changed since" in warning


def test_rerun_missing_configuration_refused(console: CommandLine, home_database: Database) -> None:
    execution_id = ran(console, home_database)
    (console.home / "workflows" / "stf_datataking_default.toml").unlink()
    with pytest.raises(UsageError, match="configuration not found"):
        rerun_of(console.settings, home_database, execution_id)


def test_rerun_without_parameters_refused(console: CommandLine, home_database: Database) -> None:
    execution_id = add_execution(home_database, parameter_values={"workflow": {"name": "stf_datataking"}})
    with pytest.raises(Refused, match="has no stored parameters"):
        rerun_of(console.settings, home_database, execution_id)


def test_rerun_secret_not_overridden() -> None:
    sections = {"site": {"api_token": REDACTED, "host": "h", "deep": {"password": REDACTED}, "list": [1]}}
    overrides = overrides_of(sections, "rerun of x")
    assert [(each.key, each.value) for each in overrides] == [("site.host", "h"), ("site.list", [1])]
