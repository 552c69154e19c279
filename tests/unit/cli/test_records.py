"""`swf-console definitions`, `namespaces` and `db`."""

import json

import pytest

from swf_console.backend.database import Database
from swf_console.backend.database.records import pages
from tests.support.command_line import CommandLine
from tests.support.history import CODE, add_execution, add_messages


def test_definitions_list_and_show_by_id_name_version(console: CommandLine, home_database: Database) -> None:
    add_execution(home_database)
    (row,) = console("definitions", "--json").documents
    assert row["workflow_name"] == "stf_datataking"
    assert "stf_datataking" in console("definitions").out
    for name in (str(row["id"]), "stf_datataking", "stf_datataking@1.0"):
        assert CODE.strip() in console("definitions", "show", name).out
    assert console("definitions", "show", "stf_datataking", "--json").document["definition"] == CODE


@pytest.mark.parametrize("name", ["stf_datatakin", "stf_datataking@2.0", "99", "9" * 50, "\x1b[2J"])
def test_definitions_show_unknown_one_sanitized_line(
    console: CommandLine, home_database: Database, name: str
) -> None:
    add_execution(home_database)
    said = console("definitions", "show", name)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert "\x1b" not in said.err


def test_namespaces_list_owner_and_counts(
    console: CommandLine, home_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "COUNT_CAP", 4)
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 5)
    assert console("namespaces", "list").out.splitlines()[1].split()[:5] == [
        "demo",
        "shifter",
        "1",
        "3+",
        "0",
    ]
    document = console("namespaces", "--json").document
    assert (document["messages"], document["counted_up_to"]) == (4, 3)


@pytest.mark.parametrize("command", ["definitions", "namespaces"])
def test_lists_empty_advise(console: CommandLine, command: str) -> None:
    said = console(command)
    assert (said.code, said.out) == (0, "")
    assert "first run" in said.err


def test_db_upgrade_current_check(console: CommandLine) -> None:
    assert console("db", "current").code == 2
    made = console("db", "upgrade", "--json").document
    assert made["before"] is None
    assert console("db", "current", "--json").document["version"] == made["version"]
    assert "already at version" in console("db", "upgrade").out
    assert console("db", "check").code == 0


def test_definition_stores_source_and_configuration_of_its_first_use(console: CommandLine) -> None:
    console.name_namespace("demo")
    for count in ("2", "3"):
        assert console("--run", "stf_datataking", "--stf-count", count).code == 0
    (listed,) = [json.loads(line) for line in console("definitions", "--json").out.splitlines()]
    document = console("definitions", "show", str(listed["id"]), "--json").document
    stored = document["parameter_values"]
    assert stored["configuration"]["workflow"]["configuration"] == "stf_datataking_default"
    assert stored["configuration"]["stf_processing"]["stf_count"] == 2
    assert stored["source"]["absent"] == "the file is not in a git repository"
    shown = console("definitions", "show", str(listed["id"])).out
    assert "the file is not in a git repository" in shown
