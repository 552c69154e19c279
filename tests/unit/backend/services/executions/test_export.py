"""An execution as one document: complete, in pieces, whole or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.database import Database
from swf_console.backend.services.executions import export
from swf_console.backend.services.executions.export import SECTIONS, write_whole
from tests.support.command_line import CommandLine
from tests.support.history import CODE, add_chain, add_execution, add_messages, add_states


def test_export_document_is_complete(
    console: CommandLine, home_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 3)
    execution_id = add_execution(home_database)
    ids = add_messages(home_database, execution_id, 10)
    add_messages(home_database, add_execution(home_database, 2), 2)
    add_states(home_database, execution_id, count=4)
    add_states(home_database, "somebody else's", count=1)
    document = json.loads(console("export", execution_id).out)
    assert document["schema_version"] == 1
    assert document["execution"]["execution_id"] == execution_id
    assert document["definition"]["definition"] == CODE
    assert [each["message_id"] for each in document["messages"]] == ids
    assert document["messages"][4]["content"]["sequence"] == 5
    assert len(document["state_events"]) == 4


def test_export_empty_execution(console: CommandLine, home_database: Database) -> None:
    document = json.loads(console("export", add_execution(home_database, metrics={})).out)
    assert (document["messages"], document["state_events"], document["run_state"]) == ([], [], None)
    assert [document[name] for name in SECTIONS] == [[]] * 4


def test_export_chain_read_in_pages(
    console: CommandLine, home_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    execution_id = add_execution(home_database)
    add_states(home_database, execution_id)
    add_chain(home_database, 100010, 3)
    add_chain(home_database, 100011, 1)
    document = json.loads(console("export", execution_id).out)
    assert [len(document[name]) for name in SECTIONS] == [3, 3, 6, 3]
    assert {row["run_number"] for name in SECTIONS for row in document[name]} == {100010}
    slices = {(row["fastmon_file"], row["slice_id"]) for row in document["tf_slices"]}
    assert slices == {(row["tf_filename"], number) for row in document["fastmon_files"] for number in (0, 1)}


def test_export_file_written_with_size(console: CommandLine, home_database: Database, tmp_path: Path) -> None:
    execution_id = add_execution(home_database)
    add_messages(home_database, execution_id, 3)
    file = tmp_path / "run.json"
    file.write_text("the old one")
    told = console("export", execution_id, "--output", str(file), "--json").document
    assert (told["messages"], told["bytes"]) == (3, file.stat().st_size)
    assert json.loads(file.read_text())["execution"]["execution_id"] == execution_id


def test_write_whole_failure_keeps_old_file(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text("the old one")

    def pieces() -> Iterator[str]:
        yield "the beginning"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(file, pieces())
    assert file.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("output", ["/nowhere/run.json", "/tmp", "/proc/run.json"])
def test_export_unwritable_file_one_line_error(
    console: CommandLine, home_database: Database, output: str
) -> None:
    said = console("export", add_execution(home_database), "--output", output)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1


def test_export_unknown_execution_writes_no_file(
    console: CommandLine, home_database: Database, tmp_path: Path
) -> None:
    assert console("export", "nope", "--output", str(tmp_path / "run.json")).code == 2
    assert not (tmp_path / "run.json").exists()
