"""A request for an execution: what is left open is filled in once, in prepare()."""

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.services.executions.request import RunRequest, prepare
from swf_console.backend.services.runner.protocol import run_command
from swf_console.cli.main import build_parser
from swf_console.cli.run import overrides_of
from tests.support.command_line import CommandLine


def name_in_testbed(console: CommandLine, workflow: str) -> None:
    console.name_namespace("demo")
    path = console.home / "workflows" / "testbed.toml"
    path.write_text(f'[testbed]\nnamespace = "demo"\n\n[workflow]\n{workflow}\n')


def test_prepare_empty_request_uses_testbed(console: CommandLine) -> None:
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
def test_prepare_configuration_with_or_without_default(console: CommandLine, name: str) -> None:
    console.name_namespace("demo")
    request = prepare(console.settings, RunRequest(configuration=name)).request
    assert request.configuration == "fast_processing_default"


def test_prepare_typed_values_read(console: CommandLine) -> None:
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
        (RunRequest(workflow="nowhere"), "workflow not found"),
        (RunRequest(configuration="daq_state_machine"), "is a base to include"),
        (RunRequest(configuration="stf_datataking_default", duration="soon"), "not a number of seconds"),
    ],
)
def test_prepare_invalid_request_refused(console: CommandLine, request_: RunRequest, reason: str) -> None:
    name_in_testbed(console, "")
    with pytest.raises(UsageError, match=reason):
        prepare(console.settings, request_)


def write_configuration(console: CommandLine, name: str, workflow: str) -> None:
    path = console.home / "workflows" / f"{name}.toml"
    path.write_text(f'[workflow]\nname = "{workflow}"\nversion = "1.0"\n')


def test_prepare_default_configuration_of_another_workflow_is_refused(console: CommandLine) -> None:
    console.name_namespace("demo")
    write_configuration(console, "stf_datataking_default", "other")
    (console.home / "workflows/other.py").write_text("class WorkflowExecutor:\n    execute = None\n")
    with pytest.raises(UsageError, match="stf_datataking_default is for workflow other, not stf_datataking"):
        prepare(console.settings, RunRequest(workflow="stf_datataking"))


def test_prepare_explicit_configuration_of_another_workflow_warns(console: CommandLine) -> None:
    console.name_namespace("demo")
    write_configuration(console, "other_default", "other")
    prepared = prepare(console.settings, RunRequest(workflow="stf_datataking", configuration="other_default"))
    assert prepared.code.name == prepared.composition.workflow_name == "stf_datataking"
    (warning,) = prepared.composition.warnings
    assert warning.endswith(
        "other_default.toml:2: names workflow other; it is used with workflow stf_datataking"
    )


def test_prepare_configuration_of_a_missing_workflow_takes_that_of_testbed(console: CommandLine) -> None:
    name_in_testbed(console, 'name = "stf_datataking"\nconfig = "chain_default"')
    write_configuration(console, "chain_default", "chain")
    prepared = prepare(console.settings, RunRequest())
    assert (prepared.code.name, prepared.request.configuration) == ("stf_datataking", "chain_default")
    assert "names workflow chain; it is used with workflow stf_datataking" in prepared.composition.warnings[0]


def test_run_flags_reach_a_workflow_without_declared_parameters_as_numbers(console: CommandLine) -> None:
    console.name_namespace("demo")
    write_configuration(console, "bare_default", "bare")
    (console.home / "workflows/bare_default.toml").write_text(
        '[workflow]\nname = "bare"\n[bare]\nstf_count = 1\n'
    )
    parser = build_parser()
    arguments = parser.parse_args(["--run", "bare", "--stf-count", "4", "--set", "bare.share=0.5"])
    overrides = overrides_of(arguments)
    assert {one.key: one.value for one in overrides} == {"stf_count": 4, "bare.share": 0.5}
    (console.home / "workflows/bare.py").write_text(
        "class WorkflowExecutor:\n    def execute(self, env):\n        yield env.timeout(1)\n"
    )
    request = RunRequest(workflow="bare", overrides=overrides)
    assert prepare(console.settings, request).composition.sections["bare"] == {"stf_count": 4, "share": 0.5}
    assert run_command(request, "demo", "r1")["params"] == {"stf_count": 4, "bare.share": 0.5}
