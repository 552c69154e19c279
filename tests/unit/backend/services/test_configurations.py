"""One value of testbed.toml changed: shown before, refused where it is wrong, from the shell too."""

import pytest

from swf_console.backend.database import Database
from swf_console.backend.services.configurations import path_of_testbed, preview, values_of
from tests.support.command_line import CommandLine


@pytest.fixture
def named(console: CommandLine) -> CommandLine:
    console.name_namespace("demo")
    return console


def test_configuration_values_listed_with_line(named: CommandLine) -> None:
    values = {one.key: one for one in values_of(named.settings)}
    assert values["testbed.namespace"].value == "demo"
    assert values["workflow.realtime"].value == "true"
    lines = path_of_testbed(named.settings).read_text().splitlines()
    assert lines[values["workflow.realtime"].line - 1].startswith("realtime")


def test_preview_shows_diff_writes_nothing(named: CommandLine) -> None:
    before = path_of_testbed(named.settings).read_text()
    found = preview(named.settings, "parameters.stf_count", "7")
    assert "+stf_count = 7" in found.diff
    assert not found.problems
    assert path_of_testbed(named.settings).read_text() == before


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("parameters.stf_count", "many", "whole number"),
        ("parameters.stf_cuont", "7", "stf_count"),
        ("testbed.namespace", "no good", "namespace"),
        ("stf_count", "7", "section.key"),
        ("workflow.realtime", "nope", "true or false"),
    ],
)
def test_preview_invalid_reports_problem(named: CommandLine, key: str, text: str, said: str) -> None:
    found = preview(named.settings, key, text)
    assert said in " ".join(found.problems)
    assert not found.diff


def test_config_set_changes_and_removes_value(named: CommandLine) -> None:
    before = path_of_testbed(named.settings).read_text()
    said = named("config", "set", "parameters.stf_count=7")
    assert said.code == 0
    assert "+stf_count = 7" in said.out
    assert "stf_count = 7" in path_of_testbed(named.settings).read_text()
    assert named("config", "set", "parameters.stf_count").code == 0
    assert path_of_testbed(named.settings).read_text() == before


def test_set_value_text_stays_text(named: CommandLine) -> None:
    assert '+config = "7"' in preview(named.settings, "workflow.config", "7").diff


def test_config_set_invalid_refused(named: CommandLine) -> None:
    before = path_of_testbed(named.settings).read_text()
    said = named("config", "set", "parameters.stf_count=many")
    assert said.code == 2
    assert "whole number" in said.err
    assert path_of_testbed(named.settings).read_text() == before


def test_namespace_created_once(named: CommandLine, home_database: Database) -> None:
    assert named("namespaces", "create", "mine").code == 0
    assert "mine" in named("namespaces").out
    again = named("namespaces", "create", "mine")
    assert again.code == 5
    assert "owner shifter" in again.err
    assert named("namespaces", "create", "no good").code == 2
