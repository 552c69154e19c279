"""A request for an execution: what is left open is filled in once, in prepare()."""

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.services.executions.request import RunRequest, prepare
from tests.support.command_line import CommandLine


def name_in_testbed(console: CommandLine, workflow: str) -> None:
    console.name_namespace("demo")
    path = console.home / "workflows" / "testbed.toml"
    path.write_text(f'[testbed]\nnamespace = "demo"\n\n[workflow]\n{workflow}\n')


def test_prepare_empty_request_takes_everything_from_testbed(console: CommandLine) -> None:
    name_in_testbed(console, 'name = "stf_datataking"\nrealtime = true')
    prepared = prepare(console.settings, RunRequest())
    assert prepared.request == RunRequest(
        workflow="stf_datataking",
        configuration="stf_datataking_default",
        namespace="demo",
        realtime=True,
    )
    assert (prepared.namespace, prepared.realtime, prepared.duration) == ("demo", True, None)


@pytest.mark.parametrize("name", ["fast_processing", "fast_processing_default", "fast_processing.toml"])
def test_prepare_configuration_is_found_with_or_without_default(console: CommandLine, name: str) -> None:
    console.name_namespace("demo")
    request = prepare(console.settings, RunRequest(configuration=name)).request
    assert request.configuration == "fast_processing_default"


def test_prepare_reads_what_was_typed(console: CommandLine) -> None:
    console.name_namespace("demo")
    typed = RunRequest(configuration="stf_datataking_default", duration="9", realtime=False)
    prepared = prepare(console.settings, typed.with_override("stf_processing.stf_count", "7"))
    assert (prepared.duration, prepared.composition.parameters["stf_count"]) == (9.0, 7)
    taken_away = prepared.request.with_override("stf_processing.stf_count", " ")
    assert taken_away.overrides == ()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (RunRequest(), "nothing to run"),
        (RunRequest(workflow="nowhere"), "no workflow"),
        (RunRequest(configuration="daq_state_machine"), "only a base to include"),
        (RunRequest(configuration="stf_datataking_default", duration="soon"), "no number of seconds"),
    ],
)
def test_prepare_refuses_what_cannot_be_run(console: CommandLine, request_: RunRequest, reason: str) -> None:
    name_in_testbed(console, "")
    with pytest.raises(UsageError, match=reason):
        prepare(console.settings, request_)


def test_prepare_refuses_a_configuration_of_another_workflow(console: CommandLine) -> None:
    console.name_namespace("demo")
    other = console.home / "workflows" / "other_default.toml"
    other.write_text('[workflow]\nname = "other"\nversion = "1.0"\n')
    with pytest.raises(UsageError, match="other_default is for workflow other, not stf_datataking"):
        prepare(console.settings, RunRequest(workflow="stf_datataking", configuration="other_default"))
